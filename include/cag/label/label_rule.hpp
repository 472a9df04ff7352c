#pragma once

#include <concepts>
#include <string_view>

#include <cag/label/evidence.hpp>

namespace cag {

/// Pseudo-labels of P pixels: Evidence -> [P] int64 (or [M, P] for M label maps), kIgnoreIndex
/// where a pixel is not active. `kReadsDistances` and `kReadsLogits` say what it needs.
/// Not checkable here: a pixel whose evidence is not finite is never active.
template <typename R>
concept LabelRule = std::copy_constructible<R> && requires(const R rule, const Evidence& evidence) {
  { rule(evidence) } -> std::same_as<at::Tensor>;
  { R::kReadsDistances } -> std::convertible_to<bool>;
  { R::kReadsLogits } -> std::convertible_to<bool>;
  { R::kName } -> std::convertible_to<std::string_view>;
};

namespace detail {

/// Whether a rule reads Evidence::nearest() alone of the distances: it says so by
/// `kNearestTwoSuffice`, and a FusedMetric then forms no others.
template <LabelRule R>
constexpr bool nearest_two_suffice = [] {
  if constexpr (requires { R::kNearestTwoSuffice; }) {
    return bool{R::kNearestTwoSuffice};
  } else {
    return !R::kReadsDistances;
  }
}();

/// Whether a rule reads Evidence::logit_map alone of the logits: it says so by
/// `kLogitMapSuffices`, and the logits of pixels, [P, K], are then not formed.
template <LabelRule R>
constexpr bool logit_map_suffices = [] {
  if constexpr (requires { R::kLogitMapSuffices; }) {
    return bool{R::kLogitMapSuffices};
  } else {
    return !R::kReadsLogits;
  }
}();

}  // namespace detail

}  // namespace cag
