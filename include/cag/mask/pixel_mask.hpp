#pragma once

#include <concepts>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag {

/// Which labelled pixels count: ([N, h, w] int64 labels, [N, K, h, w] logits) -> the labels, with
/// kIgnoreIndex where a pixel does not count.
template <typename M>
concept PixelMask = std::copy_constructible<M> &&
    requires(const M mask, const at::Tensor& labels, const at::Tensor& logits) {
  { mask(labels, logits) } -> std::same_as<at::Tensor>;
  { M::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
