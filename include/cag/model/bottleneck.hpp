#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/relu.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cag/model/detail/convolution.hpp>

namespace cag {

/// The residual block of ResNet-50 and -101: 1 x 1, 3 x 3, 1 x 1. [N, in, h, w] becomes
/// [N, 4 width, ceil(h / stride), ceil(w / stride)]. The 3 x 3 convolution carries the stride and
/// the dilation.
class BottleneckImpl : public torch::nn::Cloneable<BottleneckImpl> {
 public:
  /// Output channels per unit of width.
  static constexpr std::int64_t kExpansion = 4;

  BottleneckImpl(std::int64_t in, std::int64_t width, std::int64_t stride = 1,
                 std::int64_t dilation = 1)
      : in_(in), width_(width), stride_(stride), dilation_(dilation) {
    BottleneckImpl::reset();
  }

  void reset() override {
    using torch::nn::BatchNorm2d;
    using torch::nn::Conv2d;
    const auto out = kExpansion * width_;
    conv1_ = register_module("conv1", Conv2d(detail::convolution(in_, width_, 1)));
    bn1_ = register_module("bn1", BatchNorm2d(width_));
    conv2_ = register_module("conv2",
                             Conv2d(detail::convolution(width_, width_, 3, stride_, dilation_)));
    bn2_ = register_module("bn2", BatchNorm2d(width_));
    conv3_ = register_module("conv3", Conv2d(detail::convolution(width_, out, 1)));
    bn3_ = register_module("bn3", BatchNorm2d(out));
    downsample_ = nullptr;
    if (stride_ != 1 || in_ != out) {
      downsample_ = register_module(
          "downsample", torch::nn::Sequential(Conv2d(detail::convolution(in_, out, 1, stride_)),
                                              BatchNorm2d(out)));
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
  std::int64_t in_;
  std::int64_t width_;
  std::int64_t stride_;
  std::int64_t dilation_;
  torch::nn::Conv2d conv1_ = nullptr;
  torch::nn::BatchNorm2d bn1_ = nullptr;
  torch::nn::Conv2d conv2_ = nullptr;
  torch::nn::BatchNorm2d bn2_ = nullptr;
  torch::nn::Conv2d conv3_ = nullptr;
  torch::nn::BatchNorm2d bn3_ = nullptr;
  torch::nn::Sequential downsample_ = nullptr;
};
TORCH_MODULE(Bottleneck);

}  // namespace cag
