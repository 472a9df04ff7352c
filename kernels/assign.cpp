#include <cag/kernels/assign.hpp>

#include <cstdint>

#include "cpu/assign.hpp"
#include "cpu/tiles.hpp"

namespace cag::kernels {
namespace {

/// Pixels that an image's first task has fewer, for the tasks after it to begin at multiples of
/// their size in memory: they read a channel from one page then, and not from two. 0 where not all
/// channels would, or not in whole vectors.
std::int64_t lacking_pixels(const FeatureMap& map, std::int64_t block) {
  constexpr std::int64_t kPage = 4096, kVector = 64;
  const std::int64_t size = bytes_of(map.element), bytes = block * size;
  const auto into = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(map.data) %
                                              static_cast<std::uintptr_t>(bytes));
  const bool possible = map.pixels > 0 && map.pixel_stride == 1 && kPage % bytes == 0 &&
                        into % kVector == 0 && map.channel_stride * size % bytes == 0 &&
                        (map.images == 1 || map.image_stride * size % bytes == 0);
  return possible ? into / size : 0;
}

}  // namespace

void assign(const FeatureMap& map, const AnchorTable& table, const MarginTest& test,
            const Assignment& out, const Parallel& parallel) noexcept {
  const auto block = cpu::assign_block(table.anchors());
  const bool tiles = table.tiles() != nullptr && cpu::may_use_tiles();
  const auto lacking = lacking_pixels(map, block);
  cpu::AssignJob job{
      map, table, test, out, block, lacking, (map.pixels + lacking + block - 1) / block, tiles};
  parallel.run(
      parallel.pool, map.images * job.blocks,
      [](void* argument, std::int64_t task) {
        cpu::assign_task(*static_cast<const cpu::AssignJob*>(argument), task);
      },
      &job);
}

}  // namespace cag::kernels
