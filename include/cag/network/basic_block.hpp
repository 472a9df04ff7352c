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

/// The residual block of ResNet-18 and -34: two 3 x 3 convolutions. [N, in, h, w] becomes
/// [N, width, ceil(h / stride), ceil(w / stride)]. The first convolution carries the stride, both
/// the dilation.
class BasicBlockImpl : public torch::nn::Cloneable<BasicBlockImpl> {
 public:
  /// Output channels per unit of width.
  static constexpr std::int64_t kExpansion = 1;

  explicit BasicBlockImpl(BlockOptions options) : options_(options) { BasicBlockImpl::reset(); }

  void reset() override {
    using torch::nn::Conv2d;
    const auto [in, width, stride, dilation, norm, variant] = options_;
    conv1_ = register_module("conv1", Conv2d(detail::convolution(in, width, 3, stride, dilation)));
    bn1_ = detail::NormLayer(*this, "bn1", norm, width);
    conv2_ = register_module("conv2", Conv2d(detail::convolution(width, width, 3, 1, dilation)));
    bn2_ = detail::NormLayer(*this, "bn2", norm, width);
    downsample_ = nullptr;
    if (stride != 1 || in != width) {
      downsample_ = register_module(
          "downsample", torch::nn::Sequential(Conv2d(detail::convolution(in, width, 1, stride)),
                                              detail::make_norm(norm, width)));
    }
  }

  at::Tensor forward(const at::Tensor& x) {
    auto y = bn1_(conv1_(x)).relu_();
    y = bn2_(conv2_(y));
    y += downsample_.is_empty() ? x : downsample_->forward(x);
    return y.relu_();
  }

 private:
  BlockOptions options_;
  torch::nn::Conv2d conv1_ = nullptr;
  detail::NormLayer bn1_;
  torch::nn::Conv2d conv2_ = nullptr;
  detail::NormLayer bn2_;
  torch::nn::Sequential downsample_ = nullptr;
};
TORCH_MODULE(BasicBlock);

}  // namespace cag
