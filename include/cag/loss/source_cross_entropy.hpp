#pragma once

#include <ATen/core/Tensor.h>

#include <cag/detail/cross_entropy.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/empty/empty_rule.hpp>
#include <cag/empty/zero.hpp>
#include <cag/model/upsample.hpp>

namespace cag::loss {

/// Cross-entropy against source truth at full resolution: the logits are upsampled bilinearly with
/// aligned corners, the mean is over labelled pixels.
template <EmptyRule E = empty::Zero>
struct SourceCrossEntropy {
  at::Tensor class_weights{};  ///< [K], or undefined for equal weights
  E empty{};

  /// @param logits [N, K, h, w]  @param labels [N, H, W] int64  @return scalar
  at::Tensor operator()(const at::Tensor& logits, const at::Tensor& labels) const {
    detail::check_map(logits, "logits", "[N, K, h, w]");
    TORCH_CHECK_VALUE(labels.dim() == 3 && labels.size(0) == logits.size(0),
                      "expected labels [N, H, W] for logits ", logits.sizes(), ", got ",
                      labels.sizes());
    const auto full = upsample_logits(logits, labels.size(1), labels.size(2));
    return detail::mean_cross_entropy(full, labels, class_weights, empty);
  }
};

}  // namespace cag::loss
