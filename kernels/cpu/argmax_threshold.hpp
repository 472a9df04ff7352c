#pragma once

#include <cstdint>

#include <cag/kernels/argmax_threshold.hpp>

namespace cag::kernels::cpu {

/// Pixels of a task.
inline constexpr std::int64_t kArgmaxBlock = 4096;

/// One call of `argmax_threshold`, for its tasks.
struct ArgmaxThresholdJob {
  FeatureMap logits;
  ProbabilityTest test;
  ThresholdedArgmax out;
  // What the gap between the two largest logits tells without an exponential.
  float inactive_below = 0;
  float active_above = 0;
  std::int64_t blocks = 0;  ///< tasks of an image
};

void argmax_threshold_task(const ArgmaxThresholdJob& job, std::int64_t task) noexcept;

}  // namespace cag::kernels::cpu
