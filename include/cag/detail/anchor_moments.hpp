#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cag/anchor/anchors.hpp>

namespace cag::detail {

/// The moments by which `metric` weighs distances of features [P, D].
/// @param rule  the moments rule to build the anchors with, for the message
inline const ClassMoments& moments_for(const at::Tensor& features, const Anchors& anchors,
                                       const char* metric, const char* rule) {
  TORCH_CHECK_VALUE(features.dim() == 2 && features.size(1) == anchors.width(), metric,
                    " needs features [P, ", anchors.width(), "], got ", features.sizes());
  TORCH_CHECK_VALUE(anchors.moments, metric, " needs anchors with moments, these have none: build ",
                    "them with an AnchorBank of ", rule);
  TORCH_CHECK_VALUE(anchors.moments->pixels.size(0) == anchors.categories() &&
                        anchors.moments->mean.size(1) == anchors.width(),
                    metric, " needs moments of ", anchors.categories(), " categories of width ",
                    anchors.width(), ", got means ", anchors.moments->mean.sizes());
  return *anchors.moments;
}

/// What covariances are shrunk towards: the variance within categories, averaged over channels.
inline double mean_variance(const ClassMoments& moments, double shrinkage, const char* metric) {
  TORCH_CHECK_VALUE(shrinkage > 0 && shrinkage <= 1, metric,
                    " needs a shrinkage above 0 and at most 1, got ", shrinkage);
  const auto pixels = moments.pixels.to(at::kDouble);
  const auto mean =
      (moments.variance().mean(1) * pixels).sum().div(pixels.sum().clamp_min(1)).item<double>();
  TORCH_CHECK_VALUE(mean > 0, metric, " needs features that vary within a category, got a mean ",
                    "variance of ", mean);
  return mean;
}

}  // namespace cag::detail
