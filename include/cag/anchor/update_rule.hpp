#pragma once

#include <concepts>
#include <string_view>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_sums.hpp>

namespace cag {

/// How anchors take in a batch: changes `vectors` and `counts` of the categories in `sums`.
/// Not checkable here: a category without pixels is left as it is.
template <typename U>
concept UpdateRule = std::copy_constructible<U> &&
    requires(const U rule, Anchors& anchors, const ClassSums& sums) {
  { rule(anchors, sums) } -> std::same_as<void>;
  { U::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
