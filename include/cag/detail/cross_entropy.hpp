#pragma once

#include <optional>

#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <c10/core/ScalarType.h>

#include <cag/detail/pixels.hpp>
#include <cag/empty/empty_rule.hpp>
#include <cag/label/ignore.hpp>

namespace cag::detail {

/// Mean cross-entropy over the pixels of `labels` that are not kIgnoreIndex, weighted by category.
template <EmptyRule E>
at::Tensor mean_cross_entropy(const at::Tensor& given, const at::Tensor& labels,
                              const at::Tensor& class_weights, const E& empty) {
  check_labels_of(labels, given);
  // In float32 at least: half types can neither count nor sum the pixels of a batch.
  const auto logits = given.to(c10::promoteTypes(given.scalar_type(), at::kFloat));
  const auto labelled = labels.ne(kIgnoreIndex);
  std::optional<at::Tensor> weights;
  at::Tensor total;
  if (class_weights.defined()) {
    TORCH_CHECK_VALUE(class_weights.dim() == 1 && class_weights.size(0) == logits.size(1),
                      "expected one weight for each of ", logits.size(1), " categories, got ",
                      class_weights.sizes());
    weights = class_weights.to(logits.options());
    const auto index = labels.masked_select(labelled);
    total = weights->index_select(0, index).sum();
  } else {
    total = labelled.sum().to(logits.scalar_type());
  }
  return empty(at::cross_entropy_loss(logits, labels, weights, at::Reduction::Sum, kIgnoreIndex),
               total);
}

}  // namespace cag::detail
