#pragma once

#include <cstdint>

#include <cag/kernels/soft_weights.hpp>

namespace cag::kernels::cpu {

/// One call of `soft_weights`, for its tasks.
struct SoftWeightsJob {
  FeatureMap map;
  const AnchorTable& table;
  float temperature = 1;
  std::int64_t categories = 0;
  float* weights = nullptr;
  std::int64_t block = 0;   ///< pixels of a task
  std::int64_t blocks = 0;  ///< tasks of an image
};

/// Pixels that fit a task's accumulators.
std::int64_t soft_weights_block(std::int64_t anchors) noexcept;

void soft_weights_task(const SoftWeightsJob& job, std::int64_t task) noexcept;

}  // namespace cag::kernels::cpu
