#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace cag::detail {

/// Whether all gradients are finite.
inline bool all_finite(const std::vector<at::Tensor>& parameters) {
  for (const auto& parameter : parameters) {
    const auto& gradient = parameter.grad();
    if (gradient.defined() && !gradient.sum().isfinite().item<bool>()) return false;
  }
  return true;
}

}  // namespace cag::detail
