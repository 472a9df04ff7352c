#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/leaky_relu.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cag/error.hpp>

namespace cag {

/// Which Discriminator.
struct DiscriminatorOptions {
  std::int64_t categories = 19;
  std::int64_t width = 64;  ///< of the first layer; the others have 2, 4 and 8 times as much
};

/// Tells by a network's softmax which domain it looks at (AdaptSegNet, Tsai et al., CVPR 2018):
/// five 4 x 4 convolutions of stride 2 with leaky ReLU of 0.2 between them. Starts as LibTorch
/// starts convolutions.
class DiscriminatorImpl : public torch::nn::Cloneable<DiscriminatorImpl> {
 public:
  /// @throws UsageError for fewer than two categories or a width below 1
  explicit DiscriminatorImpl(DiscriminatorOptions options = {}) : options_(options) {
    if (options_.categories < 2 || options_.width < 1)
      throw UsageError(
          "discriminator: expected at least 2 categories and a width above 0, got {} "
          "and {}",
          options_.categories, options_.width);
    DiscriminatorImpl::reset();
  }

  void reset() override {
    const auto [k, width] = options_;
    conv1_ = register_module("conv1", layer(k, width));
    conv2_ = register_module("conv2", layer(width, 2 * width));
    conv3_ = register_module("conv3", layer(2 * width, 4 * width));
    conv4_ = register_module("conv4", layer(4 * width, 8 * width));
    classifier_ = register_module("classifier", layer(8 * width, 1));
  }

  /// @param softmax [N, K, H, W], H and W at least 32
  /// @return scores [N, 1, about H / 32, about W / 32]
  at::Tensor forward(const at::Tensor& softmax) {
    TORCH_CHECK_VALUE(softmax.dim() == 4 && softmax.size(1) == options_.categories &&
                          softmax.size(2) >= kLeast && softmax.size(3) >= kLeast,
                      "expected a softmax [N, ", options_.categories, ", H, W] of at least ",
                      kLeast, " x ", kLeast, " pixels, got ", softmax.sizes());
    auto x = softmax;
    for (auto* convolution : {&conv1_, &conv2_, &conv3_, &conv4_})
      x = at::leaky_relu((*convolution)(x), 0.2);
    return classifier_(x);
  }

  const DiscriminatorOptions& options() const noexcept { return options_; }

 private:
  static constexpr std::int64_t kLeast = 32;

  static torch::nn::Conv2d layer(std::int64_t in, std::int64_t out) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 4).stride(2).padding(1));
  }

  DiscriminatorOptions options_;
  torch::nn::Conv2d conv1_ = nullptr;
  torch::nn::Conv2d conv2_ = nullptr;
  torch::nn::Conv2d conv3_ = nullptr;
  torch::nn::Conv2d conv4_ = nullptr;
  torch::nn::Conv2d classifier_ = nullptr;
};
TORCH_MODULE(Discriminator);

}  // namespace cag
