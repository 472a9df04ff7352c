#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cag/error.hpp>
#include <cag/model/prediction.hpp>
#include <cag/network/basic_block.hpp>
#include <cag/network/detail/check_images.hpp>
#include <cag/network/detail/convolution.hpp>
#include <cag/network/kaiming.hpp>

namespace cag {

/// Which Compact.
struct CompactOptions {
  std::int64_t categories = 19;
};

/// An encoder-decoder of about a million parameters that a CPU core trains in minutes: three
/// residual stages (strides 4, 8, 8), atrous pyramid, stride-4 decoder. Its image pooling has no
/// batch norm, so a batch of one can train.
class CompactImpl : public torch::nn::Cloneable<CompactImpl> {
 public:
  /// D of Prediction::features.
  static constexpr std::int64_t kFeatureWidth = 64;

  /// @throws UsageError for fewer than two categories.
  explicit CompactImpl(CompactOptions options = {}) : options_(options) {
    if (options_.categories < 2) {
      throw UsageError("compact network: expected at least 2 categories, got {}",
                       options_.categories);
    }
    CompactImpl::reset();
  }

  void reset() override {
    using torch::nn::Conv2d;
    using torch::nn::Conv2dOptions;
    constexpr auto kWidth = kFeatureWidth;
    stem_ = register_module("stem", torch::nn::Sequential());
    stem_->extend(*unit(3, 16, 3, /*stride=*/2));
    stem_->extend(*unit(16, 32, 3, /*stride=*/2));
    stage1_ = register_module("stage1", stage(32, 32, /*stride=*/1, /*dilation=*/1));
    stage2_ = register_module("stage2", stage(32, 64, /*stride=*/2, /*dilation=*/1));
    stage3_ = register_module("stage3", stage(64, 128, /*stride=*/1, /*dilation=*/2));
    point_ = register_module("point", unit(128, kWidth, 1));
    atrous3_ = register_module("atrous3", unit(128, kWidth, 3, 1, /*dilation=*/3));
    atrous6_ = register_module("atrous6", unit(128, kWidth, 3, 1, /*dilation=*/6));
    image_pool_ = register_module("image_pool", Conv2d(Conv2dOptions(128, kWidth, 1)));
    project_ = register_module("project", unit(4 * kWidth, kWidth, 1));
    low_level_ = register_module("low_level", unit(32, 16, 1));
    fuse_ = register_module("fuse", torch::nn::Sequential());
    fuse_->extend(*unit(kWidth + 16, kWidth, 3));
    fuse_->extend(*unit(kWidth, kWidth, 3));
    classifier_ =
        register_module("classifier", Conv2d(Conv2dOptions(kWidth, options_.categories, 1)));

    initialise_kaiming(*this);
    // Small first logits: the loss starts at log(categories) whatever the features.
    torch::nn::init::normal_(classifier_->weight, 0.0, 0.01);
  }

  /// [N, 3, H, W] -> features [N, 64, h, w] (nonnegative) and logits [N, categories, h, w], with
  /// h = ceil(ceil(H / 2) / 2).
  Prediction forward(const at::Tensor& images) {
    detail::check_images(images);
    const auto low = stage1_->forward(stem_->forward(images));
    const auto high = stage3_->forward(stage2_->forward(low));
    const auto pooled = image_pool_(high.mean({2, 3}, /*keepdim=*/true)).relu_();
    auto x = at::cat({point_->forward(high), atrous3_->forward(high), atrous6_->forward(high),
                      pooled.expand({-1, -1, high.size(2), high.size(3)})},
                     /*dim=*/1);
    x = at::upsample_bilinear2d(project_->forward(x), {low.size(2), low.size(3)},
                                /*align_corners=*/true);
    x = fuse_->forward(at::cat({x, low_level_->forward(low)}, /*dim=*/1));
    return {.features = x, .logits = classifier_(x)};
  }

  const CompactOptions& options() const noexcept { return options_; }

 private:
  static torch::nn::Sequential unit(std::int64_t in, std::int64_t out, std::int64_t k,
                                    std::int64_t stride = 1, std::int64_t dilation = 1) {
    return torch::nn::Sequential(
        torch::nn::Conv2d(detail::convolution(in, out, k, stride, dilation)),
        torch::nn::BatchNorm2d(out), torch::nn::ReLU(torch::nn::ReLUOptions(/*inplace=*/true)));
  }

  static torch::nn::Sequential stage(std::int64_t in, std::int64_t width, std::int64_t stride,
                                     std::int64_t dilation) {
    const BlockOptions first{.in = in, .width = width, .stride = stride, .dilation = dilation};
    const BlockOptions second{.in = width, .width = width, .dilation = dilation};
    return torch::nn::Sequential(BasicBlock(first), BasicBlock(second));
  }

  CompactOptions options_;
  torch::nn::Sequential stem_ = nullptr;
  torch::nn::Sequential stage1_ = nullptr;
  torch::nn::Sequential stage2_ = nullptr;
  torch::nn::Sequential stage3_ = nullptr;
  torch::nn::Sequential point_ = nullptr;
  torch::nn::Sequential atrous3_ = nullptr;
  torch::nn::Sequential atrous6_ = nullptr;
  torch::nn::Conv2d image_pool_ = nullptr;
  torch::nn::Sequential project_ = nullptr;
  torch::nn::Sequential low_level_ = nullptr;
  torch::nn::Sequential fuse_ = nullptr;
  torch::nn::Conv2d classifier_ = nullptr;
};
TORCH_MODULE(Compact);

}  // namespace cag
