#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/anchor/class_sums.hpp>

namespace cag {

/// How the sums of features per image and category are computed: features [N, D, h, w], labels
/// [N, h, w] and the number of categories -> ClassSums.
/// Not checkable here: the result is that of ClassSums::of up to rounding, and its sums are
/// differentiable in the features.
template <typename S>
concept SumsRule = std::copy_constructible<S> &&
    requires(const S rule, const at::Tensor& features, const at::Tensor& labels,
             std::int64_t categories) {
  { rule(features, labels, categories) } -> std::same_as<ClassSums>;
  { S::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
