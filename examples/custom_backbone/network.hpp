#pragma once

#include <cstdint>
#include <utility>

#include <ATen/ops/cat.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cag/model/upsample.hpp>

/// A small U-Net. Put your own network in its place: any module whose forward gives features
/// [N, D, h, w] and logits [N, K, h, w].
class UNetImpl : public torch::nn::Cloneable<UNetImpl> {
 public:
  explicit UNetImpl(std::int64_t categories) : categories_(categories) { reset(); }

  void reset() override {
    whole_ = register_module("whole", layers(3, 16, 2));
    half_ = register_module("half", layers(16, 32, 2));
    quarter_ = register_module("quarter", layers(32, 64, 2));
    up_ = register_module("up", layers(64 + 32, 48, 1));
    last_ = register_module("last", layers(48 + 16, 48, 1));
    classifier_ = register_module("classifier",
                                  torch::nn::Conv2d(torch::nn::Conv2dOptions(48, categories_, 1)));
  }

  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& images) {
    const auto whole = whole_->forward(images);
    const auto half = half_->forward(whole);
    const auto quarter = quarter_->forward(half);
    const auto up = up_->forward(joined(quarter, half));
    const auto features = last_->forward(joined(up, whole));
    return {features, classifier_(features)};
  }

 private:
  static torch::nn::Sequential layers(std::int64_t in, std::int64_t out, std::int64_t stride) {
    const auto convolution = [](std::int64_t from, std::int64_t to, std::int64_t by) {
      return torch::nn::Conv2d(
          torch::nn::Conv2dOptions(from, to, 3).stride(by).padding(1).bias(false));
    };
    return torch::nn::Sequential(convolution(in, out, stride), torch::nn::BatchNorm2d(out),
                                 torch::nn::ReLU(), convolution(out, out, 1),
                                 torch::nn::BatchNorm2d(out), torch::nn::ReLU());
  }

  static at::Tensor joined(const at::Tensor& coarse, const at::Tensor& fine) {
    return at::cat({cag::upsample_logits(coarse, fine.size(2), fine.size(3)), fine}, 1);
  }

  std::int64_t categories_;
  torch::nn::Sequential whole_{nullptr}, half_{nullptr}, quarter_{nullptr}, up_{nullptr},
      last_{nullptr};
  torch::nn::Conv2d classifier_{nullptr};
};
TORCH_MODULE(UNet);

inline UNet make_network(std::int64_t categories) { return UNet(categories); }
