#pragma once

#include <cstdint>
#include <utility>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/transformerlayer.h>
#include <torch/nn/pimpl.h>

/// A transformer over patches of 8 x 8 pixels. A convolution over the patches tells where they are,
/// so that images of any size do.
class PatchesImpl : public torch::nn::Cloneable<PatchesImpl> {
 public:
  explicit PatchesImpl(std::int64_t categories) : categories_(categories) { reset(); }

  void reset() override {
    patches_ = register_module("patches",
                               torch::nn::Conv2d(torch::nn::Conv2dOptions(3, kWidth, 8).stride(8)));
    place_ = register_module(
        "place",
        torch::nn::Conv2d(torch::nn::Conv2dOptions(kWidth, kWidth, 7).padding(3).groups(kWidth)));
    const auto layer = [] {
      return torch::nn::TransformerEncoderLayer(torch::nn::TransformerEncoderLayerOptions(kWidth, 4)
                                                    .dim_feedforward(2 * kWidth)
                                                    .dropout(0.1));
    };
    first_ = register_module("first", layer());
    second_ = register_module("second", layer());
    classifier_ = register_module(
        "classifier", torch::nn::Conv2d(torch::nn::Conv2dOptions(kWidth, categories_, 1)));
  }

  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& images) {
    const auto patches = patches_(images);
    const auto placed = patches + place_(patches);
    const auto tokens = placed.flatten(2).permute({2, 0, 1});  // [h * w, N, D]
    const auto seen = second_(first_(tokens));
    const auto features = seen.permute({1, 2, 0}).reshape(placed.sizes());
    return {features, classifier_(features)};
  }

 private:
  static constexpr std::int64_t kWidth = 48;
  std::int64_t categories_;
  torch::nn::Conv2d patches_{nullptr}, place_{nullptr}, classifier_{nullptr};
  torch::nn::TransformerEncoderLayer first_{nullptr}, second_{nullptr};
};
TORCH_MODULE(Patches);

inline Patches make_network(std::int64_t categories) { return Patches(categories); }
