#pragma once

#include <cstdint>

#include <cag/kernels/class_sums.hpp>

namespace cag::kernels::cpu {

/// A task's sums: categories x channels.
inline constexpr std::int64_t kClassTotals = 16384;

/// One call of `class_sums` after its class map, for its tasks: they share an image's channels, so
/// that no two add to one sum.
struct ClassSumsJob {
  FeatureMap map;
  const std::uint8_t* class_map = nullptr;
  std::int64_t categories = 0;
  float* sums = nullptr;
  std::int64_t channels = 0;  ///< of a task
  std::int64_t pieces = 0;    ///< tasks of an image
};

/// Channels of a task, whose sums fit its memory.
/// @param alone  one thread does all tasks
std::int64_t class_sums_channels(const FeatureMap& map, std::int64_t categories,
                                 bool alone) noexcept;

void class_sums_task(const ClassSumsJob& job, std::int64_t task) noexcept;

}  // namespace cag::kernels::cpu
