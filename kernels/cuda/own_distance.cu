#include <cag/kernels/cuda/own_distance.hpp>

#include "device_block.cuh"
#include "launch.cuh"
#include "own_distance_body.hpp"
#include "own_gradient_body.hpp"

namespace cag::kernels::cuda {

namespace {

__global__ void __launch_bounds__(OwnDistanceJob::kThreads)
    own_distance_kernel(OwnDistanceJob job) {
  own_distance_body(DeviceBlock(), job);
}

__global__ void __launch_bounds__(DistanceSumJob::kThreads)
    distance_sum_kernel(DistanceSumJob job) {
  distance_sum_body(DeviceBlock(), job);
}

__global__ void __launch_bounds__(OwnGradientJob::kThreads)
    own_gradient_kernel(OwnGradientJob job) {
  own_gradient_body(DeviceBlock(), job);
}

}  // namespace

std::int64_t own_distance_bytes(const FeatureMap& map) noexcept {
  return OwnDistanceJob{map}.sums() * std::int64_t{sizeof(DistanceSum)};
}

const char* own_distance(const FeatureMap& map, const OwnAnchors& anchors,
                         const std::uint8_t* classes, const OwnDistances& out, DistanceSum* sum,
                         void* memory, void* stream) noexcept {
  const OwnDistanceJob job{map, anchors, classes, out, static_cast<DistanceSum*>(memory)};
  if (const auto* error = launch(&own_distance_kernel, job, job.tasks(), job.kThreads,
                                 sizeof(OwnDistanceJob::Shared), stream))
    return error;
  const DistanceSumJob all{job.partial, job.sums(), sum};
  return launch(&distance_sum_kernel, all, 1, all.kThreads, all.kSharedBytes, stream);
}

const char* own_distance_gradient(const FeatureMap& map, const OwnAnchors& anchors,
                                  const OwnDistances& at, const float* scale,
                                  const MutableFeatureMap& gradient, void* stream) noexcept {
  const OwnGradientJob job{map, anchors, at, scale, gradient};
  return launch(&own_gradient_kernel, job, job.tasks(), job.kThreads, 0, stream);
}

}  // namespace cag::kernels::cuda
