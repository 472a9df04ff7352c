#pragma once

#include <concepts>
#include <functional>
#include <string_view>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cag/label/evidence.hpp>
#include <cag/label/ignore.hpp>

namespace cag::label {

/// Active when the second nearest anchor is farther than the nearest by `margin` (paper,
/// equation 2). With a single competing anchor there is no margin, and nothing is active.
/// @tparam Compare  how the gap compares to the margin, see Margin and StrictMargin.
template <typename Compare>
struct MarginRule {
  static constexpr std::string_view kName = "margin";
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = false;
  static constexpr bool kNearestTwoSuffice = true;

  double margin = 2.5;

  at::Tensor operator()(const Evidence& evidence) const {
    if constexpr (kStrict || std::same_as<Compare, std::greater_equal<>>) {
      if (evidence.label_by_margin)
        if (auto labels = evidence.label_by_margin(margin, kStrict)) return *std::move(labels);
    }
    const auto pixels = evidence.nearest();
    const auto gap = pixels.second - pixels.nearest;  // not finite: never active
    const auto active = Compare{}(gap, margin).logical_and_(gap.isfinite());
    return pixels.category.masked_fill(active.logical_not_(), kIgnoreIndex);
  }

 private:
  static constexpr bool kStrict = std::same_as<Compare, std::greater<>>;
};

/// A gap of exactly `margin` is active (published code).
using Margin = MarginRule<std::greater_equal<>>;
/// A gap of exactly `margin` is not active (the paper's text).
using StrictMargin = MarginRule<std::greater<>>;

}  // namespace cag::label
