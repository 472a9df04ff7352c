#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/relu.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cag/network/block_options.hpp>
#include <cag/network/detail/convolution.hpp>
#include <cag/network/detail/norm_layer.hpp>

namespace cag {

/// The residual block of ResNet-50 and -101: 1 x 1, 3 x 3, 1 x 1. [N, in, h, w] becomes
/// [N, 4 width, ceil(h / stride), ceil(w / stride)]. The 3 x 3 convolution carries the dilation,
/// and the stride but in the variant kCaffe.
class BottleneckImpl : public torch::nn::Cloneable<BottleneckImpl> {
 public:
  /// Output channels per unit of width.
  static constexpr std::int64_t kExpansion = 4;

  explicit BottleneckImpl(BlockOptions options) : options_(options) { BottleneckImpl::reset(); }

  void reset() override {
    using torch::nn::Conv2d;
    const auto [in, width, stride, dilation, norm, variant] = options_;
    const auto out = kExpansion * width;
    const auto first = variant == ResNetVariant::kCaffe ? stride : 1;
    conv1_ = register_module("conv1", Conv2d(detail::convolution(in, width, 1, first)));
    bn1_ = detail::NormLayer(*this, "bn1", norm, width);
    conv2_ = register_module(
        "conv2", Conv2d(detail::convolution(width, width, 3, stride / first, dilation)));
    bn2_ = detail::NormLayer(*this, "bn2", norm, width);
    conv3_ = register_module("conv3", Conv2d(detail::convolution(width, out, 1)));
    bn3_ = detail::NormLayer(*this, "bn3", norm, out);
    downsample_ = nullptr;
    if (stride != 1 || in != out) {
      downsample_ = register_module(
          "downsample", torch::nn::Sequential(Conv2d(detail::convolution(in, out, 1, stride)),
                                              detail::make_norm(norm, out)));
    }
  }

  at::Tensor forward(const at::Tensor& x) {
    auto y = bn1_(conv1_(x)).relu_();
    y = bn2_(conv2_(y)).relu_();
    y = bn3_(conv3_(y));
    y += downsample_.is_empty() ? x : downsample_->forward(x);
    return y.relu_();
  }

 private:
  BlockOptions options_;
  torch::nn::Conv2d conv1_ = nullptr;
  detail::NormLayer bn1_;
  torch::nn::Conv2d conv2_ = nullptr;
  detail::NormLayer bn2_;
  torch::nn::Conv2d conv3_ = nullptr;
  detail::NormLayer bn3_;
  torch::nn::Sequential downsample_ = nullptr;
};
TORCH_MODULE(Bottleneck);

}  // namespace cag
