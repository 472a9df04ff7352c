#include <cag/kernels/assign.hpp>

#include "cpu/assign.hpp"
#include "cpu/tiles.hpp"

namespace cag::kernels {

void assign(const FeatureMap& map, const AnchorTable& table, const MarginTest& test,
            const Assignment& out, const Parallel& parallel) noexcept {
  const auto block = cpu::assign_block(table.anchors());
  const bool tiles = table.tiles() != nullptr && cpu::may_use_tiles();
  cpu::AssignJob job{map, table, test, out, block, (map.pixels + block - 1) / block, tiles};
  parallel.run(
      parallel.pool, map.images * job.blocks,
      [](void* argument, std::int64_t task) {
        cpu::assign_task(*static_cast<const cpu::AssignJob*>(argument), task);
      },
      &job);
}

}  // namespace cag::kernels
