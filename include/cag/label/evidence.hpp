#pragma once

#include <functional>
#include <optional>

#include <ATen/core/Tensor.h>

#include <cag/detail/pixels.hpp>
#include <cag/label/nearest_two.hpp>

namespace cag {

/// What a label rule decides from, for P pixels. What a rule does not read may be undefined.
struct Evidence {
  at::Tensor distances;  ///< [P, K] to the anchors, +inf for one that does not compete
  at::Tensor logits{};   ///< [P, K] of the teacher
  at::Tensor margins{};  ///< [K] float64, those of the anchors

  /// From a FusedMetric, which forms no distances to all anchors, for rules that it suffices.
  std::function<NearestTwo()> find_nearest_two{};

  /// From a LabellingMetric: labels [P] by a margin that is to be reached, or exceeded if `strict`.
  std::function<std::optional<at::Tensor>(double margin, bool strict)> label_by_margin{};

  /// [N, K, h, w] of the teacher, whose pixels in order are those of `logits`, which a rule that
  /// this suffices does not get.
  at::Tensor logit_map{};

  /// [P, K]: given, or a view or copy of the map.
  at::Tensor pixel_logits() const {
    return logits.defined() ? logits : detail::to_pixels(logit_map);
  }

  /// [N, K, h, w]: given, or a view of the rows [P, K] as one image [1, K, 1, P]; undefined where
  /// there are neither.
  /// @throws c10::ValueError for a map of another rank
  at::Tensor map_of_logits() const {
    if (logit_map.defined()) detail::check_map(logit_map, "logits", "[N, K, h, w]");
    if (logit_map.defined() || !logits.defined() || logits.dim() != 2) return logit_map;
    return logits.t().unsqueeze(0).unsqueeze(2);
  }

  /// Given or found in the distances.
  /// @throws c10::ValueError for distances to fewer than two categories
  NearestTwo nearest() const {
    return find_nearest_two ? find_nearest_two() : NearestTwo::of(distances);
  }
};

}  // namespace cag
