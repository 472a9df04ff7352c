#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/pimpl.h>

#include <cag/data/batch.hpp>
#include <cag/model/prediction.hpp>
#include <cag/stage/domains.hpp>

namespace toy {

constexpr std::int64_t kCategories = 3;

/// A network of two layers at stride 2, with batch norm and dropout, the two things that make a
/// step depend on more than weights.
struct NetImpl : torch::nn::Cloneable<NetImpl> {
  NetImpl() { reset(); }
  void reset() override {
    conv = register_module(
        "conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 8, 3).stride(2).padding(1)));
    norm = register_module("norm", torch::nn::BatchNorm2d(8));
    dropout = register_module("dropout", torch::nn::Dropout(0.1));
    classifier = register_module("classifier",
                                 torch::nn::Conv2d(torch::nn::Conv2dOptions(8, kCategories, 1)));
  }
  cag::Prediction forward(const at::Tensor& images) {
    const auto features = dropout(norm(conv(images)).relu());
    return {features, classifier(features)};
  }
  torch::nn::Conv2d conv{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
  torch::nn::Dropout dropout{nullptr};
  torch::nn::Conv2d classifier{nullptr};
};
TORCH_MODULE(Net);

inline Net net(std::uint64_t seed = 1) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(seed);
  return Net();
}

/// Images whose left part is one colour per category, a pure function of the batch number.
inline cag::LabelledBatch labelled(std::int64_t number, double shift) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(number) + 17);
  const auto labels = at::randint(kCategories, {2, 2, 2}, generator, at::kLong)
                          .repeat_interleave(8, 1)
                          .repeat_interleave(8, 2);
  const auto noise = at::randn({2, 3, 16, 16}, generator);
  const auto colour = at::arange(kCategories).view({1, 3, 1, 1}).eq(labels.unsqueeze(1));
  return {colour.to(at::kFloat).mul(3).add(noise.mul(0.3)).add(shift), labels};
}

struct Source {
  cag::LabelledBatch batch(std::int64_t number) { return labelled(number, 0); }
};
struct Target {
  cag::UnlabelledBatch batch(std::int64_t number) { return {labelled(number + 1000, 0.5).images}; }
};
struct CleanSource : Source {
  std::int64_t size() const { return 4; }
};
struct CleanTarget : Target {
  std::int64_t size() const { return 4; }
};

struct Data {
  Source source;
  Target target;
  CleanSource clean_source;
  CleanTarget clean_target;
};

}  // namespace toy
