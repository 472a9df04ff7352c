#include <cag/kernels/scatter.hpp>

#include "cpu/scatter.hpp"

namespace cag::kernels {

void scatter(const float* rows, std::int64_t categories, const std::uint8_t* classes,
             const MutableFeatureMap& map, const Parallel& parallel) noexcept {
  cpu::ScatterJob job{rows, categories, classes, map,
                      (map.pixels + cpu::kScatterBlock - 1) / cpu::kScatterBlock};
  parallel.run(
      parallel.pool, map.images * job.blocks,
      [](void* argument, std::int64_t task) {
        cpu::scatter_task(*static_cast<const cpu::ScatterJob*>(argument), task);
      },
      &job);
}

}  // namespace cag::kernels
