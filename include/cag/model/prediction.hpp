#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

#include <ATen/core/Tensor.h>

namespace cag {

/// What one forward pass of a segmentation network gives, both at feature resolution:
/// `auto [features, logits] = net->forward(images)`.
struct Prediction {
  at::Tensor features;     ///< [N, D, h, w], what the classifier sees
  at::Tensor logits;       ///< [N, K, h, w], one per category, not upsampled
  at::Tensor auxiliary{};  ///< [N, K, any size], logits of a second classifier; mostly undefined

  template <std::size_t kPart>
  at::Tensor get() const {
    return kPart == 0 ? features : logits;
  }
};

}  // namespace cag

/// @cond
/// Two parts to bind names to, whether there is a second classifier or not.
template <>
struct std::tuple_size<cag::Prediction> : std::integral_constant<std::size_t, 2> {};

template <std::size_t kPart>
struct std::tuple_element<kPart, cag::Prediction> {
  using type = at::Tensor;
};
/// @endcond
