#pragma once

#include <concepts>
#include <cstdint>

#include <ATen/core/Tensor.h>

#include <cag/detail/kernel_views.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/mask/fused_agreeing.hpp>
#include <cag/mask/pixel_mask.hpp>

namespace cag::detail {

/// Which pixels count, as far as the operators do not find it out themselves.
struct MaskedLabels {
  at::Tensor labels;  ///< [N, h, w] int64
  at::Tensor logits;  ///< that have to agree with the labels; undefined: every label counts

  template <PixelMask M>
  static MaskedLabels of(const M& mask, const at::Tensor& labels, const at::Tensor& logits,
                         std::int64_t categories) {
    if constexpr (std::same_as<M, mask::FusedAgreeing>) {
      check_map(logits, "logits", "[N, K, h, w]");
      check_labels_of(labels, logits);
      if (element_of(logits) && logits.size(1) == categories) return {labels, logits.detach()};
    }
    return {mask(labels, logits), {}};
  }
};

}  // namespace cag::detail
