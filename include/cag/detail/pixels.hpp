#pragma once

#include <ATen/core/Tensor.h>

namespace cag::detail {

/// [N, D, h, w] -> [N * h * w, D], float32 unless the map is float64: distances and means of half
/// types accumulate in float.
inline at::Tensor to_pixels(const at::Tensor& map) {
  const auto pixels = map.permute({0, 2, 3, 1}).reshape({-1, map.size(1)});
  return pixels.scalar_type() == at::kDouble ? pixels : pixels.to(at::kFloat);
}

inline void check_map(const at::Tensor& map, const char* name, const char* shape) {
  TORCH_CHECK_VALUE(map.defined() && map.dim() == 4 && map.is_floating_point(), "expected ", name,
                    " as a floating-point tensor ", shape, ", got ",
                    map.defined() ? map.toString() : "an undefined tensor", " ",
                    map.defined() ? map.sizes() : at::IntArrayRef{});
}

/// Labels that go with `map` pixel by pixel: [N, h, w] int64.
inline void check_labels_of(const at::Tensor& labels, const at::Tensor& map) {
  TORCH_CHECK_VALUE(labels.dim() == 3 && labels.scalar_type() == at::kLong &&
                        labels.size(0) == map.size(0) && labels.size(1) == map.size(2) &&
                        labels.size(2) == map.size(3),
                    "expected int64 labels [N, h, w] for a map ", map.sizes(), ", got ",
                    labels.toString(), " ", labels.sizes());
}

}  // namespace cag::detail
