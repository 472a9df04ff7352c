#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

#include <ATen/core/Tensor.h>

#include <cag/model/prediction.hpp>

namespace cag {
namespace detail {

template <typename R>
concept PredictionLike = std::same_as<std::remove_cvref_t<R>, Prediction> ||
    (std::tuple_size<std::remove_cvref_t<R>>::value == 2);

template <typename B>
concept Forwards = requires(B& net, const at::Tensor& images) {
  { net.forward(images) } -> PredictionLike;
};

template <typename B>
concept ForwardsBehindArrow = requires(B& net, const at::Tensor& images) {
  { net->forward(images) } -> PredictionLike;
};

template <typename R>
Prediction to_prediction(R&& result) {
  if constexpr (std::same_as<std::remove_cvref_t<R>, Prediction>) {
    return std::forward<R>(result);
  } else {
    auto&& [features, logits] = std::forward<R>(result);
    return {features, logits};
  }
}

}  // namespace detail

/// How cag runs a network of type B. This primary template serves LibTorch modules, their holders
/// and shared pointers whose `forward(images)` gives a Prediction or a pair (features, logits).
/// Specialise it for anything else.
template <typename B>
struct BackboneTraits {
  /// One forward pass, in the mode the network is in.
  static Prediction forward(B& net, const at::Tensor& images) requires detail::Forwards<B> ||
      detail::ForwardsBehindArrow<B> {
    if constexpr (detail::Forwards<B>) {
      return detail::to_prediction(net.forward(images));
    } else {
      return detail::to_prediction(net->forward(images));
    }
  }
};

/// A network that gives features [N, D, h, w] and logits [N, K, h, w] of images [N, 3, H, W].
/// Not checkable here: both maps have the same size, come from the same parameters, and
/// in eval mode a second call gives the same result.
template <typename B>
concept Backbone = requires(B& net, const at::Tensor& images) {
  { BackboneTraits<B>::forward(net, images) } -> std::same_as<Prediction>;
};

/// One forward pass, its result checked.
template <Backbone B>
Prediction predict(B& net, const at::Tensor& images) {
  auto result = BackboneTraits<B>::forward(net, images);
  const auto is_map = [](const at::Tensor& t) { return t.defined() && t.dim() == 4; };
  TORCH_CHECK_VALUE(is_map(result.features) && is_map(result.logits) &&
                        result.features.size(0) == result.logits.size(0) &&
                        result.features.size(2) == result.logits.size(2) &&
                        result.features.size(3) == result.logits.size(3),
                    "expected features [N, D, h, w] and logits [N, K, h, w] of one size, got ",
                    result.features.defined() ? result.features.sizes() : at::IntArrayRef{},
                    " and ", result.logits.defined() ? result.logits.sizes() : at::IntArrayRef{});
  return result;
}

}  // namespace cag
