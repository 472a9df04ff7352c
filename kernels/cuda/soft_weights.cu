#include <cag/kernels/cuda/soft_weights.hpp>

#include "device_block.cuh"
#include "launch.cuh"
#include "soft_weights_body.hpp"

namespace cag::kernels::cuda {

namespace {

template <int kSlice>
__global__ void __launch_bounds__(DistanceJob::most_threads(kSlice),
                                  DistanceJob::least_blocks(kSlice))
    category_distance_kernel(const __grid_constant__ CategoryDistanceJob job) {
  category_distance_body<kSlice>(DeviceBlock(), job);
}

__global__ void __launch_bounds__(WeightJob::kThreads) weight_kernel(WeightJob job) {
  weight_body(DeviceBlock(), job);
}

}  // namespace

const char* soft_weights(const FeatureMap& map, const DeviceAnchors& anchors, float temperature,
                         std::int64_t categories, float* weights, void* stream) noexcept {
  const CategoryDistanceJob job{DistanceJob(map, anchors), categories,
                                reinterpret_cast<std::uint32_t*>(weights)};
  const auto& distances = job.distances;
  const auto bytes = static_cast<std::size_t>(map.images * categories * map.pixels) * sizeof(float);
  if (bytes == 0) return nullptr;
  if (const auto* error = message_of(
          cudaMemsetAsync(weights, kNoDistanceByte, bytes, static_cast<cudaStream_t>(stream))))
    return error;
  const auto kernel = AnchorTiles::with_slice(distances.tiles.slice,
                                              [](auto slice) -> void (*)(CategoryDistanceJob) {
                                                return &category_distance_kernel<slice()>;
                                              });
  if (const auto* error = launch(kernel, job, distances.tasks(), distances.threads(),
                                 distances.shared_bytes(), stream))
    return error;
  const WeightJob share{map.images, categories, map.pixels, temperature, weights};
  return launch(&weight_kernel, share, share.tasks(), share.kThreads, 0, stream);
}

}  // namespace cag::kernels::cuda
