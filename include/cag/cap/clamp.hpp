#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag::cap {

/// At most `limit`; beyond it the gradient is zero.
struct Clamp {
  static constexpr std::string_view kName = "clamp";

  double limit = 5;

  at::Tensor operator()(const at::Tensor& values) const { return values.clamp_max(limit); }
};

}  // namespace cag::cap
