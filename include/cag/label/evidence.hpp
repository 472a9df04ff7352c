#pragma once

#include <ATen/core/Tensor.h>

namespace cag {

/// What a label rule decides from, for P pixels. What a rule does not read may be undefined.
struct Evidence {
  at::Tensor distances;  ///< [P, K] to the anchors, +inf for one that does not compete
  at::Tensor logits;     ///< [P, K] of the teacher
  at::Tensor margins;    ///< [K] float64, those of the anchors
};

}  // namespace cag
