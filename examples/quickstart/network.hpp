#pragma once

#include <cstdint>
#include <utility>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

/// Images [N, 3, H, W] to features [N, 32, H/4, W/4] and logits [N, K, H/4, W/4].
class NetworkImpl : public torch::nn::Cloneable<NetworkImpl> {
 public:
  explicit NetworkImpl(std::int64_t categories) : categories_(categories) { reset(); }

  void reset() override {
    encode_ = register_module("encode", torch::nn::Sequential());
    const auto add_layer = [this](std::int64_t in, std::int64_t out, std::int64_t stride) {
      encode_->push_back(torch::nn::Conv2d(
          torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)));
      encode_->push_back(torch::nn::BatchNorm2d(out));
      encode_->push_back(torch::nn::ReLU());
    };
    add_layer(3, 16, 2);
    add_layer(16, 32, 2);
    for (int i = 0; i < 3; ++i) add_layer(32, 32, 1);
    classify_ = register_module("classify",
                                torch::nn::Conv2d(torch::nn::Conv2dOptions(32, categories_, 1)));
  }

  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& images) {
    const auto features = encode_->forward(images);
    return {features, classify_(features)};
  }

 private:
  std::int64_t categories_;
  torch::nn::Sequential encode_{nullptr};
  torch::nn::Conv2d classify_{nullptr};
};
TORCH_MODULE(Network);
