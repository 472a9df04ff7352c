#pragma once

#include <ATen/core/Tensor.h>

namespace cag {

/// What one forward pass of a segmentation network gives, both at feature resolution.
struct Prediction {
  at::Tensor features;  ///< [N, D, h, w], what the classifier sees
  at::Tensor logits;    ///< [N, K, h, w], one per category, not upsampled
};

}  // namespace cag
