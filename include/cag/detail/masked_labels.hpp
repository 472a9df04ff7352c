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

  /// The operators compare logits themselves where they know the type and there is one for each of
  /// `categories`; else, and for other masks, masked labels are formed.
  template <PixelMask M>
  static MaskedLabels of(const M& mask, const at::Tensor& labels, const at::Tensor& logits,
                         std::int64_t categories) {
    if constexpr (std::same_as<M, mask::FusedAgreeing>) {
      check_map(logits, "logits", "[N, K, h, w]");
      check_labels_of(labels, logits);
      if (element_of(logits.scalar_type()) && logits.size(1) == categories &&
          logits.device() == labels.device())
        return {labels, logits.detach()};
    }
    return {mask(labels, logits), {}};
  }
};

}  // namespace cag::detail
