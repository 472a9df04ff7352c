#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/anchor/class_moments.hpp>

namespace cag {

/// Which moments anchors keep of their features: merges those of a batch into `moments`.
/// @param features [N, D, h, w]
/// @param labels [N, h, w] int64, a category below `categories` or kIgnoreIndex
/// Not checkable here: any order and division of the pixels gives the same moments.
template <typename R>
concept MomentsRule = std::copy_constructible<R> &&
    requires(const R rule, std::optional<ClassMoments>& moments, const at::Tensor& features,
             const at::Tensor& labels, std::int64_t categories) {
  { rule(moments, features, labels, categories) } -> std::same_as<void>;
  { R::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
