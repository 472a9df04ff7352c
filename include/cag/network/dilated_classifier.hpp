#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

namespace cag {

/// DeepLabV2's classifier: 3 x 3 convolutions dilated by 6, 12, 18 and 24, summed. [N, in, h, w]
/// becomes [N, categories, h, w]. Starts from N(0, 0.01).
class DilatedClassifierImpl : public torch::nn::Cloneable<DilatedClassifierImpl> {
 public:
  DilatedClassifierImpl(std::int64_t in, std::int64_t categories)
      : in_(in), categories_(categories) {
    DilatedClassifierImpl::reset();
  }

  void reset() override {
    convolutions_ = register_module("conv2d_list", torch::nn::ModuleList());
    for (const std::int64_t dilation : {6, 12, 18, 24}) {
      torch::nn::Conv2d convolution(
          torch::nn::Conv2dOptions(in_, categories_, 3).padding(dilation).dilation(dilation));
      torch::nn::init::normal_(convolution->weight, 0, 0.01);
      convolutions_->push_back(convolution);
    }
  }

  at::Tensor forward(const at::Tensor& x) {
    at::Tensor sum;
    for (const auto& part : *convolutions_) {
      const auto y = part->as<torch::nn::Conv2dImpl>()->forward(x);
      sum = sum.defined() ? sum + y : y;
    }
    return sum;
  }

 private:
  std::int64_t in_, categories_;
  torch::nn::ModuleList convolutions_ = nullptr;
};
TORCH_MODULE(DilatedClassifier);

}  // namespace cag
