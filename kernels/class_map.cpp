#include <cag/kernels/class_map.hpp>

#include <algorithm>

#include "cpu/class_map.hpp"

namespace cag::kernels {

void class_map(const PixelClasses& classes, std::int64_t images, std::int64_t pixels,
               std::uint8_t* map, std::int64_t* counts, const Parallel& parallel) noexcept {
  if (counts != nullptr) std::fill_n(counts, images * classes.categories, 0);
  cpu::ClassMapJob job{classes, pixels, map, counts,
                       (pixels + cpu::kClassMapBlock - 1) / cpu::kClassMapBlock};
  parallel.run(
      parallel.pool, images * job.blocks,
      [](void* argument, std::int64_t task) {
        cpu::class_map_task(*static_cast<const cpu::ClassMapJob*>(argument), task);
      },
      &job);
}

}  // namespace cag::kernels
