#pragma once

#include <cstdint>

#include <cag/kernels/assign.hpp>

namespace cag::kernels::cpu {

/// The most pixels of a task.
constexpr std::int64_t kAssignBlock = 512;

/// One call of `assign`, for its tasks.
struct AssignJob {
  FeatureMap map;
  const AnchorTable& table;
  MarginTest test;
  Assignment out;
  std::int64_t block = 0;    ///< pixels of a task
  std::int64_t lacking = 0;  ///< pixels that an image's first task has fewer
  std::int64_t blocks = 0;   ///< tasks of an image
  bool tiles = false;        ///< whether tile registers multiply
};

/// Pixels that fit a task's accumulators.
std::int64_t assign_block(std::int64_t anchors) noexcept;

void assign_task(const AssignJob& job, std::int64_t task) noexcept;

}  // namespace cag::kernels::cpu
