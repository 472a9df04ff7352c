#pragma once

#include <concepts>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/metric/anchor_view.hpp>

namespace cag {

/// Distance from P features to R anchors, of the same dtype: ([P, D], [R, D]) -> [P, R], or, for a
/// metric that needs more than the anchors' vectors, ([P, D], Anchors) -> [P, R].
/// Not checkable here: result >= 0, smaller is nearer, differentiable in `features`, a feature that
/// is not finite gives no finite distance.
template <typename M>
concept Metric = std::copy_constructible<M> &&
    requires(const M metric, const at::Tensor& features, const AnchorView& anchors) {
  { metric(features, anchors) } -> std::same_as<at::Tensor>;
  { M::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
