#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cag/detail/cross_entropy.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/empty/empty_rule.hpp>
#include <cag/empty/zero.hpp>

namespace cag::loss {

/// Cross-entropy against pseudo-labels at feature resolution, the mean over active pixels. Against
/// several label maps it is the average of their means.
template <EmptyRule E = empty::Zero>
struct PseudoCrossEntropy {
  at::Tensor class_weights{};  ///< [K], or undefined for equal weights
  E empty{};

  /// @param logits [N, K, h, w]  @param labels [N, h, w] or [M, N, h, w] int64  @return scalar
  at::Tensor operator()(const at::Tensor& logits, const at::Tensor& labels) const {
    detail::check_map(logits, "logits", "[N, K, h, w]");
    TORCH_CHECK_VALUE(labels.dim() == 3 || (labels.dim() == 4 && labels.size(0) > 0),
                      "expected pseudo-labels [N, h, w] or [M, N, h, w], got ", labels.sizes());
    if (labels.dim() == 3) return detail::mean_cross_entropy(logits, labels, class_weights, empty);
    at::Tensor sum;
    for (const auto& map : labels.unbind(0)) {
      const auto term = detail::mean_cross_entropy(logits, map, class_weights, empty);
      sum = sum.defined() ? sum + term : term;
    }
    return sum / labels.size(0);
  }
};

}  // namespace cag::loss
