#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/upsample_nearest2d.h>

namespace cag {

/// Labels at feature resolution: the top-left pixel of each cell, as the published code takes it.
/// @param labels [N, H, W] int64
/// @return [N, height, width] int64
inline at::Tensor downsample_labels(const at::Tensor& labels, std::int64_t height,
                                    std::int64_t width) {
  TORCH_CHECK_VALUE(labels.dim() == 3 && labels.scalar_type() == at::kLong,
                    "expected int64 labels [N, H, W], got ", labels.toString(), " ",
                    labels.sizes());
  TORCH_CHECK_VALUE(height > 0 && width > 0, "expected a positive size, got ", height, " x ",
                    width);
  if (labels.size(1) == height && labels.size(2) == width) return labels;
  // Category indices are small, hence exact in float32, the type the operator takes.
  return at::upsample_nearest2d(labels.unsqueeze(1).to(at::kFloat), {height, width})
      .squeeze(1)
      .to(at::kLong);
}

}  // namespace cag
