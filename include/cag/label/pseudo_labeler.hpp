#pragma once

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <cag/anchor/anchors.hpp>
#include <cag/candidate/candidate_rule.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/detail/category_distances.hpp>
#include <cag/detail/check_features.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/label/ignore.hpp>
#include <cag/label/label_rule.hpp>
#include <cag/label/margin.hpp>
#include <cag/label/nearest_two.hpp>
#include <cag/metric/euclidean.hpp>
#include <cag/metric/fused_metric.hpp>
#include <cag/metric/labelling_metric.hpp>
#include <cag/metric/metric.hpp>
#include <cag/model/prediction.hpp>

namespace cag {

/// Labels target pixels by their nearest anchor.
/// @tparam M  Metric, see docs/policies/metric.md
/// @tparam R  LabelRule, see docs/policies/label_rule.md
/// @tparam C  CandidateRule, see docs/policies/candidate_rule.md
template <Metric M = metric::Euclidean, LabelRule R = label::Margin,
          CandidateRule C = candidate::Seen>
class PseudoLabeler {
 public:
  explicit PseudoLabeler(M metric = {}, R rule = {}, C candidates = {})
      : metric_(std::move(metric)), rule_(std::move(rule)), candidates_(std::move(candidates)) {}

  /// @param teacher features [N, D, h, w] and logits [N, K, h, w]; what the rule does not read may
  ///                be undefined
  /// @return [N, h, w] int64, kIgnoreIndex where inactive; [M, N, h, w] from a rule of M maps
  /// @throws c10::ValueError when the widths or category counts disagree, or no anchor competes
  at::Tensor operator()(const Prediction& teacher, const Anchors& anchors) const {
    const at::NoGradGuard no_grad;
    Evidence evidence;
    at::Tensor map;
    if constexpr (R::kReadsLogits) {
      map = teacher.logits;
      detail::check_map(map, "logits", "[N, K, h, w]");
      TORCH_CHECK_VALUE(map.size(1) == anchors.categories(), "the network gives ", map.size(1),
                        " categories, the anchors have ", anchors.categories());
      evidence.logit_map = map;
      if constexpr (!detail::logit_map_suffices<R>) evidence.logits = detail::to_pixels(map);
    }
    if constexpr (R::kReadsDistances) {
      map = teacher.features;
      if constexpr (FusedMetric<M> && detail::nearest_two_suffice<R>) {
        const auto taking_part = competing(map, anchors);
        evidence.find_nearest_two = [this, &anchors, map, taking_part,
                                     found = std::optional<NearestTwo>()]() mutable {
          if (!found) found = metric_.nearest_two(map, anchors, taking_part);
          return *found;
        };
        if constexpr (LabellingMetric<M>) {
          evidence.label_by_margin = [this, &anchors, map, taking_part](double margin,
                                                                        bool strict) {
            return metric_.margin_labels(map, anchors, taking_part, margin, strict);
          };
        }
      } else {
        evidence.distances = distances(map, anchors);
      }
      evidence.margins = anchors.margins;
    }
    const auto labels = rule_(evidence);
    std::vector<std::int64_t> shape{map.size(0), map.size(2), map.size(3)};
    if (labels.dim() == 2) shape.insert(shape.begin(), labels.size(0));
    return labels.view(shape);
  }

  /// Of features alone, for rules that read no logits.
  at::Tensor operator()(const at::Tensor& features, const Anchors& anchors) const
      requires(!R::kReadsLogits) {
    return (*this)(Prediction{features, {}}, anchors);
  }

  /// @param features [N, D, h, w]
  /// @return [N * h * w, K] to the nearest anchor of each category, +inf for one that does not
  /// compete
  at::Tensor distances(const at::Tensor& features, const Anchors& anchors) const {
    const auto others = competing(features, anchors).logical_not();
    return detail::category_distances(metric_, detail::to_pixels(features), anchors)
        .masked_fill(others.to(features.device()), std::numeric_limits<double>::infinity());
  }

  const M& metric() const { return metric_; }
  const R& rule() const { return rule_; }
  const C& candidates() const { return candidates_; }

 private:
  /// [K] bool: the categories that take part, once it is certain that the features have anchors.
  at::Tensor competing(const at::Tensor& features, const Anchors& anchors) const {
    detail::check_features(features, anchors);
    auto competing = candidates_(anchors);
    TORCH_CHECK_VALUE(
        competing.any().template item<bool>(),
        "no anchor competes: observe labelled source images first; where these had too few pixels "
        "of a category in an image (the update rule's min_pixels, at the features' size), larger "
        "ones; or, where only pixels count that the network is right about, train it longer");
    return competing;
  }

  M metric_;
  R rule_;
  C candidates_;
};

/// The map that anchor losses use: the labels themselves, or the first of several maps.
inline at::Tensor primary_map(const at::Tensor& labels) {
  return labels.dim() == 4 ? labels.select(0, 0) : labels;
}

/// Share of the pixels that are active in that map.
inline double active_share(const at::Tensor& labels) {
  return primary_map(labels).ne(kIgnoreIndex).to(at::kDouble).mean().item<double>();
}

}  // namespace cag
