#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/label/fitted_rule.hpp>
#include <cag/label/ignore.hpp>
#include <cag/label/label_rule.hpp>

namespace cag::label {

/// One map: active where both rules give the same category.
template <LabelRule First, LabelRule Second>
struct Agreement {
  static constexpr std::string_view kName = "agreement";
  static constexpr bool kReadsDistances = First::kReadsDistances || Second::kReadsDistances;
  static constexpr bool kReadsLogits = First::kReadsLogits || Second::kReadsLogits;
  static constexpr bool kNearestTwoSuffice =
      detail::nearest_two_suffice<First> && detail::nearest_two_suffice<Second>;
  static constexpr bool kLogitMapSuffices =
      detail::logit_map_suffices<First> && detail::logit_map_suffices<Second>;

  First first{};    ///< one rule
  Second second{};  ///< the other

  at::Tensor operator()(const Evidence& evidence) const {
    const auto labels = first(evidence);
    return labels.masked_fill(labels.ne(second(evidence)), kIgnoreIndex);
  }

  /// Those of the rule that has margins of its own.
  at::Tensor margins(const GapHistogram& gaps) const
      requires(FittedRule<First> != FittedRule<Second>) {
    return detail::fitted_of(first, second).margins(gaps);
  }
};

}  // namespace cag::label
