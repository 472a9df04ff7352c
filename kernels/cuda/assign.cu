#include <cag/kernels/cuda/assign.hpp>

#include "assign_body.hpp"
#include "device_block.cuh"
#include "launch.cuh"

namespace cag::kernels::cuda {

namespace {

// Registers for the sums, and several blocks to a multiprocessor: they hide each other's barriers.
template <int kSlice>
__global__ void __launch_bounds__(DistanceJob::most_threads(kSlice),
                                  DistanceJob::least_blocks(kSlice))
    assign_kernel(const __grid_constant__ AssignJob job) {
  assign_body<kSlice>(DeviceBlock(), job);
}

}  // namespace

const char* assign(const FeatureMap& map, const DeviceAnchors& anchors, const MarginTest& test,
                   const Assignment& out, void* stream) noexcept {
  const AssignJob job{DistanceJob(map, anchors), test, out};
  const auto kernel = AnchorTiles::with_slice(
      job.distances.tiles.slice,
      [](auto slice) -> void (*)(AssignJob) { return &assign_kernel<slice()>; });
  return launch(kernel, job, job.distances.tasks(), job.distances.threads(), job.shared_bytes(),
                stream);
}

}  // namespace cag::kernels::cuda
