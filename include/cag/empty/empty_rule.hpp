#pragma once

#include <concepts>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag {

/// The mean of `count` terms that add up to `sum`, both scalar tensors, when there may be none:
/// (sum, count) -> scalar tensor.
template <typename E>
concept EmptyRule = std::copy_constructible<E> &&
    requires(const E rule, const at::Tensor& sum, const at::Tensor& count) {
  { rule(sum, count) } -> std::same_as<at::Tensor>;
  { E::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
