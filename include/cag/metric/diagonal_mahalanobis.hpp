#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/anchor_moments.hpp>

namespace cag::metric {

/// ‖(f − a) / σ‖₂, σ² being the variances of the anchor's category, each drawn towards the mean
/// variance of all by `shrinkage`: a category of few pixels, or a channel that never fires, has
/// variances near zero. Needs anchors with moments. Margins are in standard deviations.
struct DiagonalMahalanobis {
  static constexpr std::string_view kName = "diagonal-mahalanobis";

  double shrinkage = 0.1;  ///< in (0, 1]; 1: Euclidean, up to a factor

  at::Tensor operator()(const at::Tensor& features, const Anchors& anchors) const {
    constexpr auto kMetric = "DiagonalMahalanobis";
    const auto& moments = detail::moments_for(features, anchors, kMetric, "moments::Diagonal");
    const auto towards = detail::mean_variance(moments, shrinkage, kMetric);
    const auto variance = (1 - shrinkage) * moments.variance() + shrinkage * towards;
    const auto weights = variance.rsqrt().index_select(0, anchors.owners()).to(features.options());
    const auto vectors = anchors.vectors.to(features.options());
    std::vector<at::Tensor> distances;
    for (std::int64_t r = 0; r < vectors.size(0); ++r)
      distances.push_back(
          at::linalg_vector_norm((features - vectors[r]) * weights[r], 2, at::IntArrayRef{1}));
    return at::stack(distances, 1);
  }
};

}  // namespace cag::metric
