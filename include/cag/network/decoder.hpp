#pragma once

#include <cstdint>
#include <iterator>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/pimpl.h>

#include <cag/model/prediction.hpp>
#include <cag/network/aspp.hpp>
#include <cag/network/detail/convolution.hpp>
#include <cag/network/detail/norm_layer.hpp>
#include <cag/network/norm.hpp>

namespace cag {

/// The DeepLabV3+ decoder: brings the pyramid's output to the low level's resolution and joins the
/// two. Features are what the classifier sees, after ReLU and Dropout(0.1).
class DecoderImpl : public torch::nn::Cloneable<DecoderImpl> {
 public:
  /// D of Prediction::features.
  static constexpr std::int64_t kFeatureWidth = 256;

  /// @param low channels of the low-level input
  DecoderImpl(std::int64_t low, std::int64_t categories, Norm norm = Norm::kBatch)
      : low_(low), categories_(categories), norm_(norm) {
    DecoderImpl::reset();
  }

  void reset() override {
    using torch::nn::Conv2d;
    using torch::nn::Dropout;
    constexpr std::int64_t kLow = 48;
    const auto relu = [] { return torch::nn::ReLU(torch::nn::ReLUOptions(/*inplace=*/true)); };
    conv1_ = register_module("conv1", Conv2d(detail::convolution(low_, kLow, 1)));
    bn1_ = detail::NormLayer(*this, "bn1", norm_, kLow);
    last_conv_ = register_module(
        "last_conv", torch::nn::Sequential(
                         Conv2d(detail::convolution(AsppImpl::kWidth + kLow, kFeatureWidth, 3)),
                         detail::make_norm(norm_, kFeatureWidth), relu(), Dropout(0.5),
                         Conv2d(detail::convolution(kFeatureWidth, kFeatureWidth, 3)),
                         detail::make_norm(norm_, kFeatureWidth), relu(), Dropout(0.1),
                         Conv2d(torch::nn::Conv2dOptions(kFeatureWidth, categories_, 1))));
  }

  /// @param high [N, 256, h', w']  @param low [N, low, h, w]
  /// @return features [N, 256, h, w] and logits [N, categories, h, w]
  Prediction forward(const at::Tensor& high, const at::Tensor& low) {
    const auto edges = bn1_(conv1_(low)).relu_();
    auto x = at::upsample_bilinear2d(high, {low.size(2), low.size(3)}, /*align_corners=*/true);
    x = at::cat({x, edges}, /*dim=*/1);
    const auto classifier = std::prev(last_conv_->end());
    for (auto layer = last_conv_->begin(); layer != classifier; ++layer) {
      x = layer->forward(x);
    }
    return {.features = x, .logits = classifier->forward(x)};
  }

 private:
  std::int64_t low_, categories_;
  Norm norm_;
  torch::nn::Conv2d conv1_ = nullptr;
  detail::NormLayer bn1_;
  torch::nn::Sequential last_conv_ = nullptr;
};
TORCH_MODULE(Decoder);

}  // namespace cag
