#pragma once

#include <cstdint>
#include <limits>

#include <ATen/core/Tensor.h>

namespace cag {

/// The nearest anchor of each pixel, and how far it and the second nearest are.
struct NearestTwo {
  at::Tensor category;  ///< [P] int64
  at::Tensor nearest;   ///< [P]
  at::Tensor second;    ///< [P], +inf where a single anchor competes
  std::int64_t categories = 0;

  /// @param distances [P, K]; a NaN in a row makes its `nearest` NaN
  static NearestTwo of(const at::Tensor& distances) {
    TORCH_CHECK_VALUE(distances.dim() == 2 && distances.size(1) >= 2,
                      "expected distances [P, K>=2], got ", distances.sizes());
    const auto [nearest, category] = distances.min(1, /*keepdim=*/true);
    const auto second =
        distances.scatter(1, category, std::numeric_limits<double>::infinity()).amin(1);
    return {category.squeeze(1), nearest.squeeze(1), second, distances.size(1)};
  }
};

}  // namespace cag
