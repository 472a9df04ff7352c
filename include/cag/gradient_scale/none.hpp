#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag::gradient_scale {

/// The gradient of the mean: each of n pixels gets 1/n of it.
struct None {
  static constexpr std::string_view kName = "none";

  at::Tensor operator()(const at::Tensor& means, const at::Tensor&, std::int64_t) const {
    return means;
  }
};

}  // namespace cag::gradient_scale
