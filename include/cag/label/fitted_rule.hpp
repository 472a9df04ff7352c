#pragma once

#include <concepts>

#include <cag/label/gap_histogram.hpp>
#include <cag/label/label_rule.hpp>

namespace cag {

/// A label rule with margins of its own for each set of anchors: gaps of target pixels -> [K]
/// float64, which Evidence::margins then gives back to it.
template <typename R>
concept FittedRule = LabelRule<R> && requires(const R rule, const GapHistogram& gaps) {
  { rule.margins(gaps) } -> std::same_as<at::Tensor>;
};

namespace detail {

/// The one of two rules that is fitted.
template <LabelRule First, LabelRule Second>
const auto& fitted_of(const First& first, const Second& second) {
  if constexpr (FittedRule<First>) {
    return first;
  } else {
    return second;
  }
}

}  // namespace detail

}  // namespace cag
