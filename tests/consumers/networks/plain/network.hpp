#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

/// Convolutions one after the other: features of 48 channels at an eighth of the image.
class PlainImpl : public torch::nn::Cloneable<PlainImpl> {
 public:
  explicit PlainImpl(std::int64_t categories) : categories_(categories) { reset(); }

  void reset() override {
    encoder_ = register_module("encoder", torch::nn::Sequential());
    std::int64_t in = 3;
    for (const auto& [out, stride, dilation] :
         {std::array<std::int64_t, 3>{24, 2, 1}, {48, 2, 1}, {48, 2, 1}, {48, 1, 2}, {48, 1, 4}}) {
      encoder_->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3)
                                                .stride(stride)
                                                .padding(dilation)
                                                .dilation(dilation)
                                                .bias(false)));
      encoder_->push_back(torch::nn::BatchNorm2d(out));
      encoder_->push_back(torch::nn::ReLU());
      in = out;
    }
    classifier_ = register_module("classifier",
                                  torch::nn::Conv2d(torch::nn::Conv2dOptions(in, categories_, 1)));
  }

  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& images) {
    const auto features = encoder_->forward(images);
    return {features, classifier_(features)};
  }

 private:
  std::int64_t categories_;
  torch::nn::Sequential encoder_{nullptr};
  torch::nn::Conv2d classifier_{nullptr};
};
TORCH_MODULE(Plain);

inline Plain make_network(std::int64_t categories) { return Plain(categories); }
