#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include <ATen/core/Tensor.h>
#include <torch/optim/adam.h>

#include <cag/error.hpp>
#include <cag/model/discriminator.hpp>

namespace cag {

/// What trains against the student in an adversarial stage: a discriminator for each level of its
/// output, and their optimizer, Adam with betas 0.9 and 0.99 (AdaptSegNet).
struct Adversary {
  std::vector<Discriminator> discriminators;  ///< one for each level
  torch::optim::Adam optimizer;

  /// Fresh ones, from LibTorch's default generator.
  Adversary(std::int64_t levels, std::int64_t categories, at::Device device)
      : discriminators(made(levels, categories, device)),
        optimizer(parameters(), torch::optim::AdamOptions().betas(std::tuple(0.9, 0.99))) {}

  /// Those of all discriminators.
  std::vector<at::Tensor> parameters() const {
    std::vector<at::Tensor> all;
    for (const auto& discriminator : discriminators)
      for (const auto& parameter : discriminator->parameters()) all.push_back(parameter);
    return all;
  }

  /// Sets the learning rate of the discriminators.
  void set_rate(double rate) {
    for (auto& group : optimizer.param_groups()) group.options().set_lr(rate);
  }

 private:
  static std::vector<Discriminator> made(std::int64_t levels, std::int64_t categories,
                                         at::Device device) {
    if (levels < 1 || levels > 2) throw UsageError("levels: expected 1 or 2, got {}", levels);
    std::vector<Discriminator> result;
    for (std::int64_t i = 0; i < levels; ++i) {
      result.emplace_back(DiscriminatorOptions{.categories = categories});
      result.back()->to(device);
    }
    return result;
  }
};

}  // namespace cag
