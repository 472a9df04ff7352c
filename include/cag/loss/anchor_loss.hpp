#pragma once

#include <concepts>
#include <string_view>

#include <cag/anchor/anchors.hpp>
#include <cag/model/prediction.hpp>

namespace cag {

/// Draws features to the anchors of their categories: (student prediction, [N, h, w] labels at
/// feature resolution, anchors) -> scalar.
/// Not checkable here: zero with a finite gradient when no pixel is labelled.
template <typename L>
concept AnchorLoss = std::copy_constructible<L> &&
    requires(const L loss, const Prediction& student, const at::Tensor& labels,
             const Anchors& anchors) {
  { loss(student, labels, anchors) } -> std::same_as<at::Tensor>;
  { L::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
