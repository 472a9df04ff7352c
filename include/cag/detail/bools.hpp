#pragma once

#include <algorithm>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/error.hpp>

namespace cag::detail {

/// Any other byte in a bool is undefined behaviour later.
inline void expect_bools(const at::Tensor& tensor, std::string_view what) {
  if (tensor.scalar_type() != at::kBool) return;
  const auto* bytes = static_cast<const char*>(tensor.const_data_ptr());
  if (!std::all_of(bytes, bytes + tensor.numel(), [](char b) { return b == 0 || b == 1; }))
    throw CheckpointError("{}: expected bool bytes 0 and 1, found others", what);
}

}  // namespace cag::detail
