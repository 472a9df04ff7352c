#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>

namespace cag {

/// Logits at the size of the image: bilinear with aligned corners, as the published code takes its
/// source loss and its evaluation.
/// @param logits [N, K, h, w]
/// @return [N, K, height, width]
inline at::Tensor upsample_logits(const at::Tensor& logits, std::int64_t height,
                                  std::int64_t width) {
  TORCH_CHECK_VALUE(logits.dim() == 4, "expected logits [N, K, h, w], got ", logits.sizes());
  TORCH_CHECK_VALUE(height > 0 && width > 0, "expected a positive size, got ", height, " x ",
                    width);
  return at::upsample_bilinear2d(logits, {height, width}, /*align_corners=*/true);
}

}  // namespace cag
