#pragma once

#include <concepts>
#include <string_view>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_sums.hpp>

namespace cag {

namespace detail {

template <typename U>
struct UpdateStateOf {
  using Type = Anchors;
};
template <typename U>
requires requires { typename U::State; }
struct UpdateStateOf<U> {
  using Type = typename U::State;
};

}  // namespace detail

/// What a rule gathers: the anchors themselves, or its own U::State, of which `rule.anchors(state)`
/// makes them in the end. A state begins as `State::zeros(categories, width)`.
template <typename U>
using UpdateState = typename detail::UpdateStateOf<U>::Type;

/// How anchors take in a batch: changes `vectors` and `counts` of the categories in `sums`, or what
/// it gathers instead.
/// Not checkable here: a category without pixels is left as it is.
template <typename U>
concept UpdateRule = std::copy_constructible<U> &&
    requires(const U rule, UpdateState<U>& anchors, const ClassSums& sums) {
  { rule(anchors, sums) } -> std::same_as<void>;
  { U::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
