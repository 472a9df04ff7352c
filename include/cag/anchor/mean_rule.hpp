#pragma once

#include <concepts>
#include <string_view>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/update_rule.hpp>

namespace cag {

/// An update rule whose anchors are plain means, so that those of two parts of the source merge
/// into those of the whole: says what `counts` counts ("images", "pixels"), or "" once it is no
/// plain mean any more.
template <typename U>
concept MeanRule = UpdateRule<U> && requires(const U rule, const Anchors& anchors) {
  { rule.mean_of(anchors) } -> std::convertible_to<std::string_view>;
};

/// What each anchor is the plain mean of; "" where it is not, or the rule does not say.
template <typename R>
std::string_view mean_of(const R& rule, const Anchors& anchors) {
  if constexpr (MeanRule<R>) {
    return rule.mean_of(anchors);
  } else {
    return "";
  }
}

}  // namespace cag
