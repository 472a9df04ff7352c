#pragma once

#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/candidate/candidate_rule.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/detail/check_features.hpp>
#include <cag/detail/own_anchors.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/empty/empty_rule.hpp>
#include <cag/empty/zero.hpp>
#include <cag/label/ignore.hpp>
#include <cag/mask/labelled.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/model/prediction.hpp>

namespace cag::loss {

/// Mean of ‖f − a‖₂ over labelled pixels, a being the nearest anchor of the pixel's label (the
/// paper's distance loss).
template <PixelMask M = mask::Labelled, CandidateRule C = candidate::Seen,
          EmptyRule E = empty::Zero>
struct PixelDistance {
  static constexpr std::string_view kName = "pixel-distance";

  M mask{};
  C candidates{};
  E empty{};

  at::Tensor operator()(const Prediction& student, const at::Tensor& labels,
                        const Anchors& anchors) const {
    const auto& features = student.features;
    detail::check_features(features, anchors);
    detail::check_labels_of(labels, features);
    const auto counted = mask(labels, student.logits).reshape({-1});
    const auto labelled = counted.ne(kIgnoreIndex).nonzero().squeeze(1);
    const auto category = counted.index_select(0, labelled);
    ClassSums::check_categories(category, anchors.categories());
    const auto drawn =
        candidates(anchors).to(counted.device()).index_select(0, category).nonzero().squeeze(1);
    const auto pixels =
        detail::to_pixels(features).index_select(0, labelled.index_select(0, drawn));
    const auto targets = detail::own_anchors(pixels, category.index_select(0, drawn), anchors);
    const auto distances = at::linalg_vector_norm(pixels - targets, 2, at::IntArrayRef{1});
    return empty(distances.sum(), distances.new_full({}, drawn.size(0)));
  }
};

}  // namespace cag::loss
