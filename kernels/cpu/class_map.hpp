#pragma once

#include <cstdint>

#include <cag/kernels/class_map.hpp>

namespace cag::kernels::cpu {

/// Pixels of a task.
inline constexpr std::int64_t kClassMapBlock = 4096;

/// One call of `class_map`, for its tasks.
struct ClassMapJob {
  PixelClasses classes;
  std::int64_t pixels = 0;
  std::uint8_t* map = nullptr;
  std::int64_t* counts = nullptr;  ///< zeros at first
  std::int64_t blocks = 0;         ///< tasks of an image
};

void class_map_task(const ClassMapJob& job, std::int64_t task) noexcept;

}  // namespace cag::kernels::cpu
