#pragma once

#include <concepts>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag {

/// Distance from P features to K anchors: ([P, D], [K, D]) -> [P, K], of the same dtype.
/// Not checkable here: result >= 0, smaller is nearer, differentiable in `features`, a feature that
/// is not finite gives no finite distance.
template <typename M>
concept Metric = std::copy_constructible<M> &&
    requires(const M metric, const at::Tensor& features, const at::Tensor& anchors) {
  { metric(features, anchors) } -> std::same_as<at::Tensor>;
  { M::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
