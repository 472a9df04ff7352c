#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <cag/detail/finite.hpp>

namespace cag::detail {

/// Takes the gradient of a loss, if it has one, and a step of the optimizer.
/// @return false where the gradient is not finite: no weight has changed
inline bool descend(const at::Tensor& loss, const torch::nn::Module& module,
                    torch::optim::Optimizer& optimizer) {
  if (loss.defined() && loss.requires_grad()) loss.backward();
  const bool finite = all_finite(module.parameters());
  if (finite) optimizer.step();
  return finite;
}

}  // namespace cag::detail
