#pragma once

#include <cstdint>

#include <cag/kernels/scatter.hpp>

namespace cag::kernels::cpu {

/// Pixels of a task.
inline constexpr std::int64_t kScatterBlock = 4096;

/// One call of `scatter`, for its tasks.
struct ScatterJob {
  const float* rows = nullptr;
  std::int64_t categories = 0;
  const std::uint8_t* classes = nullptr;
  MutableFeatureMap map;
  std::int64_t blocks = 0;  ///< tasks of an image
};

void scatter_task(const ScatterJob& job, std::int64_t task) noexcept;

}  // namespace cag::kernels::cpu
