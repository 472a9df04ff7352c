#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag::cap {

/// No bound.
struct None {
  static constexpr std::string_view kName = "none";

  at::Tensor operator()(const at::Tensor& values) const { return values; }
};

}  // namespace cag::cap
