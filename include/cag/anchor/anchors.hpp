#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

namespace cag {

/// One anchor per category, with the number of observations behind each.
struct Anchors {
  at::Tensor vectors;  ///< [K, D] float64 on the CPU
  at::Tensor counts;   ///< [K] int64 on the CPU; 0: never seen, the row is zero

  /// K anchors of width D that nothing has been added to.
  static Anchors zeros(std::int64_t categories, std::int64_t width) {
    return {at::zeros({categories, width}, at::kDouble), at::zeros({categories}, at::kLong)};
  }

  std::int64_t categories() const { return vectors.size(0); }
  std::int64_t width() const { return vectors.size(1); }

  /// [K] bool: which categories have been seen.
  at::Tensor seen() const { return counts.gt(0); }
};

}  // namespace cag
