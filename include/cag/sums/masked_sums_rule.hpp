#pragma once

#include <concepts>
#include <cstdint>

#include <ATen/core/Tensor.h>

#include <cag/mask/pixel_mask.hpp>
#include <cag/sums/sums_rule.hpp>

namespace cag {

/// A sums rule that finds out by itself which pixels mask M leaves: nobody forms their labels.
/// Not checkable here: the result is that of the rule over the labels that the mask gives.
template <typename S, typename M>
concept MaskedSumsRule = SumsRule<S> && PixelMask<M> &&
    requires(const S rule, const at::Tensor& features, const at::Tensor& labels, const M& mask,
             const at::Tensor& logits, std::int64_t categories) {
  { rule(features, labels, mask, logits, categories) } -> std::same_as<ClassSums>;
};

}  // namespace cag
