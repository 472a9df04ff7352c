#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cag/label/category_margin.hpp>
#include <cag/label/evidence.hpp>
#include <cag/label/gap_histogram.hpp>

namespace cag::label {

/// As CategoryMargin, with margins that make `share` of each category's target pixels active: rare
/// categories get their part (class-balanced self-training, Zou et al. 2018). The margins are those
/// of the anchors; fit_margins finds them, and stage::SelfTraining calls it.
struct QuantileMargin {
  static constexpr std::string_view kName = "quantile-margin";
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = false;
  static constexpr bool kNearestTwoSuffice = true;

  double share = 0.5;  ///< of the pixels nearest to a category, in (0, 1]

  at::Tensor operator()(const Evidence& evidence) const {
    TORCH_CHECK_VALUE(evidence.margins.defined(),
                      "QuantileMargin needs anchors with margins, these have none: find them with ",
                      "cag::fit_margins");
    return CategoryMargin{.margins = evidence.margins}(evidence);
  }

  /// [K] float64
  at::Tensor margins(const GapHistogram& gaps) const { return gaps.margins(share); }
};

}  // namespace cag::label
