#pragma once

#include <concepts>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag {

/// Bounds the distance of each class mean to its anchor: [M] -> [M], differentiable.
template <typename C>
concept CapRule = std::copy_constructible<C> && requires(const C rule, const at::Tensor& values) {
  { rule(values) } -> std::same_as<at::Tensor>;
  { C::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
