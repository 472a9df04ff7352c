#include <cag/kernels/cuda/assign.hpp>

#include "assign_body.hpp"
#include "device_block.cuh"
#include "launch.cuh"

namespace cag::kernels::cuda {

namespace {

// Two blocks of the largest size on a multiprocessor: they hide each other's barriers.
template <int kSlice>
__global__ void __launch_bounds__(AssignJob::kMostThreads, 2)
    assign_kernel(const __grid_constant__ AssignJob job) {
  assign_body<kSlice>(DeviceBlock(), job);
}

}  // namespace

const char* assign(const FeatureMap& map, const DeviceAnchors& anchors, const MarginTest& test,
                   const Assignment& out, void* stream) noexcept {
  const AssignJob job(map, anchors, test, out);
  const auto kernel = AnchorTiles::with_slice(
      job.tiles.slice, [](auto slice) -> void (*)(AssignJob) { return &assign_kernel<slice()>; });
  return launch(kernel, job, job.tasks(), job.threads(), job.shared_bytes(), stream);
}

}  // namespace cag::kernels::cuda
