#pragma once

#include <concepts>

#include <ATen/core/Tensor.h>

#include <cag/anchor/anchors.hpp>
#include <cag/label/nearest_two.hpp>
#include <cag/metric/metric.hpp>

namespace cag {

/// A metric that finds the two nearest categories of each pixel of a feature map [N, D, h, w]
/// without its distances to all anchors. `competing` [K] bool says which categories take part.
/// Not checkable here: the result is that of NearestTwo::of over its distances.
template <typename M>
concept FusedMetric = Metric<M> && requires(const M metric, const at::Tensor& features,
                                            const Anchors& anchors, const at::Tensor& competing) {
  { metric.nearest_two(features, anchors, competing) } -> std::same_as<NearestTwo>;
};

}  // namespace cag
