#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

#include <cag/label/fitted_rule.hpp>
#include <cag/label/label_rule.hpp>

namespace cag::label {

/// Two maps, one per rule: the cross-entropies against them are averaged (published code). The
/// first is the one that anchor losses use.
template <LabelRule First, LabelRule Second>
struct Separately {
  static constexpr std::string_view kName = "separately";
  static constexpr bool kReadsDistances = First::kReadsDistances || Second::kReadsDistances;
  static constexpr bool kReadsLogits = First::kReadsLogits || Second::kReadsLogits;
  static constexpr bool kNearestTwoSuffice =
      detail::nearest_two_suffice<First> && detail::nearest_two_suffice<Second>;
  static constexpr bool kLogitMapSuffices =
      detail::logit_map_suffices<First> && detail::logit_map_suffices<Second>;

  First first{};    ///< of the first map
  Second second{};  ///< of the second map

  at::Tensor operator()(const Evidence& evidence) const {
    return at::stack({first(evidence), second(evidence)});
  }

  /// Those of the rule that has margins of its own.
  at::Tensor margins(const GapHistogram& gaps) const
      requires(FittedRule<First> != FittedRule<Second>) {
    return detail::fitted_of(first, second).margins(gaps);
  }
};

}  // namespace cag::label
