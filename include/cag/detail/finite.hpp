#pragma once

#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

namespace cag::detail {

/// Whether all gradients are finite.
inline bool all_finite(const std::vector<at::Tensor>& parameters) {
  // Read once: each reading of a value waits for a GPU.
  std::vector<at::Tensor> finite;
  for (const auto& parameter : parameters) {
    const auto& gradient = parameter.grad();
    if (!gradient.defined()) continue;
    const auto device = finite.empty() ? gradient.device() : finite.front().device();
    finite.push_back(gradient.sum().isfinite().to(device));
  }
  return finite.empty() || at::stack(finite).all().item<bool>();
}

}  // namespace cag::detail
