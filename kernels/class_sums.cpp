#include <cag/kernels/class_sums.hpp>

#include "cpu/class_sums.hpp"

namespace cag::kernels {

void class_sums(const FeatureMap& map, const PixelClasses& classes, float* sums,
                std::int64_t* counts, std::uint8_t* class_map, const Parallel& parallel) noexcept {
  kernels::class_map(classes, map.images, map.pixels, class_map, counts, parallel);
  const auto piece = cpu::class_sums_channels(map, classes.categories, parallel.alone());
  cpu::ClassSumsJob job{map,  class_map, classes.categories,
                        sums, piece,     (map.channels + piece - 1) / piece};
  parallel.run(
      parallel.pool, map.images * job.pieces,
      [](void* argument, std::int64_t task) {
        cpu::class_sums_task(*static_cast<const cpu::ClassSumsJob*>(argument), task);
      },
      &job);
}

}  // namespace cag::kernels
