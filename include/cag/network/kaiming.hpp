#pragma once

#include <torch/nn/init.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>

namespace cag {

/// Starts a network from scratch as published: every 2-D convolution in `module` from
/// N(0, 2 / fan_in), biases 0, batch norm scale 1 and shift 0. Draws from the default generator.
inline void initialise_kaiming(torch::nn::Module& module) {
  const auto initialise = [](torch::nn::Module& part) {
    if (auto* convolution = part.as<torch::nn::Conv2dImpl>()) {
      torch::nn::init::kaiming_normal_(convolution->weight);
      if (convolution->bias.defined()) torch::nn::init::zeros_(convolution->bias);
    } else if (auto* norm = part.as<torch::nn::BatchNorm2dImpl>()) {
      norm->reset_parameters();
    } else if (auto* groups = part.as<torch::nn::GroupNormImpl>()) {
      groups->reset_parameters();
    }
  };
  initialise(module);
  // Not include_self: a module under construction is not yet owned by a shared_ptr.
  for (const auto& part : module.modules(/*include_self=*/false)) initialise(*part);
}

}  // namespace cag
