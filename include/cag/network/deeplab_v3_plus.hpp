#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <cag/error.hpp>
#include <cag/model/prediction.hpp>
#include <cag/network/aspp.hpp>
#include <cag/network/decoder.hpp>
#include <cag/network/detail/check_images.hpp>
#include <cag/network/kaiming.hpp>
#include <cag/network/norm.hpp>
#include <cag/network/resnet.hpp>

namespace cag {

/// Which DeepLabV3Plus.
struct DeepLabV3PlusOptions {
  std::int64_t depth = 101;  ///< of the ResNet: 18, 34, 50 or 101
  std::int64_t categories = 19;
  std::int64_t output_stride = 16;  ///< 8 or 16
  Norm norm = Norm::kBatch;
};

/// DeepLabV3+ over a dilated ResNet. At depth 101 the names, order and shapes of parameters and
/// buffers are those of the published network, whose checkpoints therefore load. Starts from
/// Kaiming initialisation. In training mode the dropout layers are active, and with
/// Norm::kBatch a batch needs at least two images.
class DeepLabV3PlusImpl : public torch::nn::Cloneable<DeepLabV3PlusImpl> {
 public:
  /// D of Prediction::features.
  static constexpr std::int64_t kFeatureWidth = DecoderImpl::kFeatureWidth;

  /// @throws UsageError for a depth or output stride not listed, or fewer than two categories.
  explicit DeepLabV3PlusImpl(DeepLabV3PlusOptions options = {}) : options_(options) {
    if (options_.categories < 2) {
      throw UsageError("DeepLabV3+: expected at least 2 categories, got {}", options_.categories);
    }
    DeepLabV3PlusImpl::reset();
  }

  void reset() override {
    backbone_ =
        register_module("backbone", ResNet(ResNetOptions{.depth = options_.depth,
                                                         .output_stride = options_.output_stride,
                                                         .norm = options_.norm}));
    // Rates in input pixels stay the same at either output stride.
    aspp_ = register_module(
        "aspp", Aspp(backbone_->high_width(), 96 / options_.output_stride, options_.norm));
    decoder_ = register_module("decoder",
                               Decoder(backbone_->low_width(), options_.categories, options_.norm));
    initialise_kaiming(*this);
  }

  /// [N, 3, H, W] -> features [N, 256, h, w] (nonnegative) and logits [N, categories, h, w], with
  /// h = ceil(ceil(H / 2) / 2).
  Prediction forward(const at::Tensor& images) {
    detail::check_images(images);
    const auto levels = backbone_->forward(images);
    return decoder_->forward(aspp_->forward(levels.high), levels.low);
  }

  const DeepLabV3PlusOptions& options() const noexcept { return options_; }

 private:
  DeepLabV3PlusOptions options_;
  ResNet backbone_ = nullptr;
  Aspp aspp_ = nullptr;
  Decoder decoder_ = nullptr;
};
TORCH_MODULE(DeepLabV3Plus);

}  // namespace cag
