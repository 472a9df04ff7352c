#pragma once

#include <ATen/core/Tensor.h>

namespace cag {

/// Source-domain images with their truth.
struct LabelledBatch {
  at::Tensor images;  ///< [N, 3, H, W] float32, normalised
  at::Tensor labels;  ///< [N, H, W] int64 category, kIgnoreIndex where there is none
};

/// Target-domain images. There is no label member: target truth cannot reach a loss.
struct UnlabelledBatch {
  at::Tensor images;  ///< [N, 3, H, W] float32, normalised
};

}  // namespace cag
