#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/eval/confusion_matrix.hpp>

namespace cag {

/// What the IoUs of some categories are, of a confusion matrix over more: [S] float64 in the order
/// of `categories`, NaN for one that occurs neither in the truth nor in the prediction that count.
/// SYNTHIA→Cityscapes has results in three such protocols, which differ.
/// Not checkable here: all categories give `matrix.iou()`.
template <typename P>
concept IouProtocol = std::copy_constructible<P> &&
    requires(const P protocol, const ConfusionMatrix& matrix,
             std::span<const std::int64_t> categories) {
  { protocol(matrix, categories) } -> std::same_as<at::Tensor>;
  { P::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
