#pragma once

#include <cstdint>
#include <set>
#include <span>

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>

#include <cag/eval/confusion_matrix.hpp>

namespace cag::detail {

/// [S] int64
inline at::Tensor category_rows(const ConfusionMatrix& matrix,
                                std::span<const std::int64_t> categories) {
  TORCH_CHECK_VALUE(!categories.empty(), "expected at least one category, got none");
  std::set<std::int64_t> listed;
  for (const auto category : categories) {
    TORCH_CHECK_VALUE(category >= 0 && category < matrix.categories(), "expected categories below ",
                      matrix.categories(), ", got ", category);
    TORCH_CHECK_VALUE(listed.insert(category).second, "category ", category, " is listed twice");
  }
  return at::tensor(at::IntArrayRef(categories.data(), categories.size()), at::kLong);
}

}  // namespace cag::detail
