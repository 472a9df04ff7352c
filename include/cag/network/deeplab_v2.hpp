#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <cag/error.hpp>
#include <cag/model/prediction.hpp>
#include <cag/network/detail/check_images.hpp>
#include <cag/network/dilated_classifier.hpp>
#include <cag/network/kaiming.hpp>
#include <cag/network/norm.hpp>
#include <cag/network/resnet.hpp>

namespace cag {

/// Which DeepLabV2.
struct DeepLabV2Options {
  std::int64_t depth = 101;  ///< of the ResNet: 18, 34, 50 or 101
  std::int64_t categories = 19;
  std::int64_t output_stride = 8;  ///< 8 or 16
  Norm norm = Norm::kBatch;
  bool auxiliary = false;  ///< a second classifier, on the third layer
};

/// DeepLabV2 over a ResNet of the variant kCaffe, the field's usual baseline: four dilated
/// convolutions on the last layer, summed. Names are those of its usual weights: `conv1`, `layer1`
/// to `layer4`, and `layer5` for the classifier; with an auxiliary one, that is `layer5` and the
/// other `layer6`. The backbone starts from Kaiming initialisation.
class DeepLabV2Impl : public torch::nn::Cloneable<DeepLabV2Impl> {
 public:
  /// @throws UsageError for a depth or output stride not listed, or fewer than two categories.
  explicit DeepLabV2Impl(DeepLabV2Options options = {}) : options_(options) {
    if (options_.categories < 2)
      throw UsageError("DeepLabV2: expected at least 2 categories, got {}", options_.categories);
    DeepLabV2Impl::reset();
  }

  void reset() override {
    backbone_ = ResNet(ResNetOptions{.depth = options_.depth,
                                     .output_stride = options_.output_stride,
                                     .grid = 1,
                                     .norm = options_.norm,
                                     .variant = ResNetVariant::kCaffe});
    for (const auto& part : backbone_->named_children()) register_module(part.key(), part.value());
    initialise_kaiming(*this);
    const auto width = backbone_->high_width();
    auxiliary_ = nullptr;
    if (options_.auxiliary) {
      auxiliary_ = register_module("layer5", DilatedClassifier(width / 2, options_.categories));
    }
    classifier_ = register_module(options_.auxiliary ? "layer6" : "layer5",
                                  DilatedClassifier(width, options_.categories));
  }

  /// [N, 3, H, W] -> features [N, 2048, h, w] (512 for depth 18 and 34, nonnegative) and logits
  /// [N, categories, h, w], h about H / output_stride.
  Prediction forward(const at::Tensor& images) {
    detail::check_images(images);
    const auto levels = backbone_->forward(images);
    return {.features = levels.high,
            .logits = classifier_(levels.high),
            .auxiliary = auxiliary_.is_empty() ? at::Tensor() : auxiliary_(levels.third)};
  }

  const DeepLabV2Options& options() const noexcept { return options_; }

 private:
  DeepLabV2Options options_;
  ResNet backbone_ = nullptr;  // its parts are registered as this module's own
  DilatedClassifier auxiliary_ = nullptr;
  DilatedClassifier classifier_ = nullptr;
};
TORCH_MODULE(DeepLabV2);

}  // namespace cag
