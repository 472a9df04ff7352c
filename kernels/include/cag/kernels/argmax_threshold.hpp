#pragma once

#include <cstdint>

#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/parallel.hpp>

namespace cag::kernels {

/// When a pixel is active: its largest softmax probability is above the threshold.
struct ProbabilityTest {
  float threshold = 0.95F;
  bool strict = true;  ///< a probability of exactly the threshold is not active
};

/// What `argmax_threshold` writes, each [images, pixels], contiguous; null where it is not wanted.
struct ThresholdedArgmax {
  std::int64_t* label = nullptr;  ///< of the largest logit, the first of equal ones; `ignore`
                                  ///< where not active
  float* probability = nullptr;   ///< the largest; NaN where it is none, which is never active
  std::int64_t ignore = 250;      ///< what `label` holds where not active, an int32
};

/// The most probable category of each pixel in one pass over the logits. Where probabilities are
/// not asked for, exponentials are only taken of pixels that the two largest logits leave open.
/// @param logits  on the CPU, of 1 to 1024 channels: one for each category
void argmax_threshold(const FeatureMap& logits, const ProbabilityTest& test,
                      const ThresholdedArgmax& out, const Parallel& parallel = {}) noexcept;

}  // namespace cag::kernels
