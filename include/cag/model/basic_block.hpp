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

/// The residual block of ResNet-18 and -34: two 3 x 3 convolutions. [N, in, h, w] becomes
/// [N, width, ceil(h / stride), ceil(w / stride)]. The first convolution carries the stride, both
/// the dilation.
class BasicBlockImpl : public torch::nn::Cloneable<BasicBlockImpl> {
 public:
  /// Output channels per unit of width.
  static constexpr std::int64_t kExpansion = 1;

  BasicBlockImpl(std::int64_t in, std::int64_t width, std::int64_t stride = 1,
                 std::int64_t dilation = 1)
      : in_(in), width_(width), stride_(stride), dilation_(dilation) {
    BasicBlockImpl::reset();
  }

  void reset() override {
    using torch::nn::BatchNorm2d;
    using torch::nn::Conv2d;
    conv1_ =
        register_module("conv1", Conv2d(detail::convolution(in_, width_, 3, stride_, dilation_)));
    bn1_ = register_module("bn1", BatchNorm2d(width_));
    conv2_ = register_module("conv2", Conv2d(detail::convolution(width_, width_, 3, 1, dilation_)));
    bn2_ = register_module("bn2", BatchNorm2d(width_));
    downsample_ = nullptr;
    if (stride_ != 1 || in_ != width_) {
      downsample_ = register_module(
          "downsample", torch::nn::Sequential(Conv2d(detail::convolution(in_, width_, 1, stride_)),
                                              BatchNorm2d(width_)));
    }
  }

  at::Tensor forward(const at::Tensor& x) {
    auto y = bn1_(conv1_(x)).relu_();
    y = bn2_(conv2_(y));
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
  torch::nn::Sequential downsample_ = nullptr;
};
TORCH_MODULE(BasicBlock);

}  // namespace cag
