#pragma once

#include <cstdint>

#include <cag/kernels/own_distance.hpp>

namespace cag::kernels::cpu {

/// Most pixels of a task, and its accumulators: pixels x the anchors of a category.
inline constexpr std::int64_t kOwnBlock = 1024;
inline constexpr std::int64_t kOwnSums = 16384;

/// One call of `own_distance` or of its gradient, for its tasks.
struct OwnDistanceJob {
  FeatureMap map;
  OwnAnchors anchors;
  const std::uint8_t* classes = nullptr;
  OwnDistances distances;
  MutableFeatureMap gradient{};
  float scale = 0;
  std::int64_t block = 0;   ///< pixels of a task
  std::int64_t blocks = 0;  ///< tasks of an image
  // By class: its first anchor, and how many it has.
  std::int16_t first[256] = {};
  std::int16_t count[256] = {};
  std::int64_t most = 1;  ///< of any class
};

void own_distance_task(const OwnDistanceJob& job, std::int64_t task) noexcept;
void own_distance_gradient_task(const OwnDistanceJob& job, std::int64_t task) noexcept;

}  // namespace cag::kernels::cpu
