#pragma once

#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cag/label/evidence.hpp>
#include <cag/label/ignore.hpp>

namespace cag::label {

/// As Margin, with a margin for each category: that of the nearest anchor. Rare categories, whose
/// features lie wide, can be asked less of.
struct CategoryMargin {
  static constexpr std::string_view kName = "category-margin";
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = false;
  static constexpr bool kNearestTwoSuffice = true;

  at::Tensor margins{};  ///< [K]

  at::Tensor operator()(const Evidence& evidence) const {
    const auto pixels = evidence.nearest();
    const auto categories = pixels.categories;
    TORCH_CHECK_VALUE(margins.defined() && margins.dim() == 1 && margins.size(0) == categories,
                      "CategoryMargin needs a margin for each of ", categories, " categories, got ",
                      margins.defined() ? margins.sizes() : at::IntArrayRef{0});
    const auto gap = pixels.second - pixels.nearest;  // not finite: never active
    const auto asked = margins.to(gap.options()).index_select(0, pixels.category);
    const auto active = gap.ge(asked).logical_and_(gap.isfinite());
    return pixels.category.masked_fill(active.logical_not_(), kIgnoreIndex);
  }
};

}  // namespace cag::label
