#include <cag/kernels/cuda/class_sums.hpp>

#include <cag/kernels/cuda/class_map.hpp>

#include "class_sums_body.hpp"
#include "device_block.cuh"
#include "launch.cuh"

namespace cag::kernels::cuda {

namespace {

template <int kChannels>
__global__ void __launch_bounds__(kWarp* PartialSumsJob::kMostWarps)
    partial_sums_kernel(PartialSumsJob job) {
  partial_sums_body<kChannels>(DeviceBlock(), job);
}

__global__ void __launch_bounds__(SumsJob::kThreads) sums_kernel(SumsJob job) {
  sums_body(DeviceBlock(), job);
}

}  // namespace

std::int64_t class_sums_bytes(const FeatureMap& map, std::int64_t categories) noexcept {
  const PartialSumsJob job(map, nullptr, static_cast<int>(categories), nullptr);
  return map.images * job.pieces() * categories * map.channels * std::int64_t{sizeof(float)};
}

const char* class_sums(const FeatureMap& map, const PixelClasses& classes, float* sums,
                       std::int64_t* counts, std::uint8_t* class_map, void* memory,
                       void* stream) noexcept {
  const auto categories = classes.categories;
  if (const auto* error =
          cuda::class_map(classes, map.images, map.pixels, class_map, counts, stream))
    return error;
  const PartialSumsJob pieces(map, class_map, static_cast<int>(categories),
                              static_cast<float*>(memory));
  if (const auto* error =
          launch(pieces.channels() == 1 ? &partial_sums_kernel<1>
                                        : &partial_sums_kernel<PartialSumsJob::kMostChannels>,
                 pieces, pieces.tasks(), pieces.threads(), pieces.shared_bytes(), stream))
    return error;
  const SumsJob all{pieces.partial, map.images, pieces.pieces(), categories * map.channels, sums};
  return launch(&sums_kernel, all, all.tasks(), SumsJob::kThreads, SumsJob::shared_bytes(), stream);
}

}  // namespace cag::kernels::cuda
