#include <cag/kernels/soft_weights.hpp>

#include "cpu/soft_weights.hpp"

namespace cag::kernels {

void soft_weights(const FeatureMap& map, const AnchorTable& table, float temperature,
                  std::int64_t categories, float* weights, const Parallel& parallel) noexcept {
  const auto block = cpu::soft_weights_block(table.anchors());
  cpu::SoftWeightsJob job{
      map, table, temperature, categories, weights, block, (map.pixels + block - 1) / block};
  parallel.run(
      parallel.pool, map.images * job.blocks,
      [](void* argument, std::int64_t task) {
        cpu::soft_weights_task(*static_cast<const cpu::SoftWeightsJob*>(argument), task);
      },
      &job);
}

}  // namespace cag::kernels
