#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/smooth_l1_loss.h>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_means.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/candidate/candidate_rule.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/cap/cap_rule.hpp>
#include <cag/cap/decade.hpp>
#include <cag/detail/check_features.hpp>
#include <cag/detail/own_anchors.hpp>
#include <cag/divisor/competing.hpp>
#include <cag/divisor/divisor_rule.hpp>
#include <cag/empty/empty_rule.hpp>
#include <cag/empty/zero.hpp>
#include <cag/gradient_scale/area.hpp>
#include <cag/gradient_scale/gradient_scale_rule.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/model/prediction.hpp>
#include <cag/sums/indexed.hpp>
#include <cag/sums/masked_sums_rule.hpp>
#include <cag/sums/sums_rule.hpp>

namespace cag::loss {

/// SmoothL1 between per-image class means and their anchors, averaged over the class means, times
/// `weight` (the published code's alignment loss).
template <CandidateRule C = candidate::Seen, DivisorRule D = divisor::Competing,
          EmptyRule E = empty::Zero, CapRule Cap = cap::Decade, PixelMask M = mask::Agreeing,
          GradientScaleRule S = gradient_scale::Area, SumsRule A = sums::Indexed>
struct CentroidDistance {
  static constexpr std::string_view kName = "centroid-distance";

  double weight = 10;
  std::int64_t min_pixels = 10;  ///< of a category in an image, for a class mean
  double beta = 1;               ///< where SmoothL1 turns from square to linear
  C candidates{};
  D divisor{};
  E empty{};
  Cap cap{};
  M mask{};
  S scale{};
  A sums{};

  at::Tensor operator()(const Prediction& student, const at::Tensor& labels,
                        const Anchors& anchors) const {
    const auto& features = student.features;
    detail::check_features(features, anchors);
    const auto means =
        ClassMeans::of(masked_sums(student, labels, anchors.categories()), min_pixels);
    const auto kept = candidates(anchors)
                          .to(features.device())
                          .index_select(0, means.category)
                          .nonzero()
                          .squeeze(1);
    const auto area = features.size(2) * features.size(3);
    const auto scaled = scale(means.means, means.pixels, area).index_select(0, kept);
    const auto targets = detail::own_anchors(scaled, means.category.index_select(0, kept), anchors);
    const auto distances =
        cap(at::smooth_l1_loss(scaled, targets, at::Reduction::None, beta).mean(1));
    const auto count = distances.new_full({}, divisor(means.category.size(0), kept.size(0)));
    return empty(distances.sum(), count) * weight;
  }

 private:
  ClassSums masked_sums(const Prediction& student, const at::Tensor& labels,
                        std::int64_t categories) const {
    if constexpr (MaskedSumsRule<A, M>) {
      return sums(student.features, labels, mask, student.logits, categories);
    } else {
      return sums(student.features, mask(labels, student.logits), categories);
    }
  }
};

}  // namespace cag::loss
