#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag {

/// Leaves class means [M, D] as they are and scales their gradient, from the pixels [M] behind each
/// and the pixels of a feature map.
template <typename S>
concept GradientScaleRule = std::copy_constructible<S> &&
    requires(const S rule, const at::Tensor& means, const at::Tensor& pixels, std::int64_t area) {
  { rule(means, pixels, area) } -> std::same_as<at::Tensor>;
  { S::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
