#include <cag/kernels/cuda/scatter.hpp>

#include "device_block.cuh"
#include "launch.cuh"
#include "scatter_body.hpp"

namespace cag::kernels::cuda {

namespace {

__global__ void __launch_bounds__(ScatterJob::kThreads) scatter_kernel(ScatterJob job) {
  scatter_body(DeviceBlock(), job);
}

}  // namespace

const char* scatter(const float* rows, std::int64_t categories, const std::uint8_t* classes,
                    const MutableFeatureMap& map, void* stream) noexcept {
  const ScatterJob job{rows, static_cast<int>(categories), classes, map};
  return launch(&scatter_kernel, job, job.tasks(), job.kThreads, job.shared_bytes(), stream);
}

}  // namespace cag::kernels::cuda
