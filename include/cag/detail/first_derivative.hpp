#pragma once

#include <string_view>

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

namespace cag::detail {

/// For a backward pass that LibTorch cannot look into: a second derivative would silently be zero.
inline void check_first_derivative(std::string_view what) {
  TORCH_CHECK_NOT_IMPLEMENTED(
      !at::GradMode::is_enabled(), what,
      " has a first derivative alone, got a backward pass with create_graph");
}

}  // namespace cag::detail
