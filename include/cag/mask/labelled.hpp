#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag::mask {

/// Every labelled pixel counts (the paper's text).
struct Labelled {
  static constexpr std::string_view kName = "labelled";

  at::Tensor operator()(const at::Tensor& labels, const at::Tensor&) const { return labels; }
};

}  // namespace cag::mask
