#include <cag/kernels/cuda/class_map.hpp>

#include "class_map_body.hpp"
#include "device_block.cuh"
#include "launch.cuh"

namespace cag::kernels::cuda {

namespace {

__global__ void __launch_bounds__(ClassMapJob::kThreads) class_map_kernel(ClassMapJob job) {
  class_map_body(DeviceBlock(), job);
}

}  // namespace

const char* class_map(const PixelClasses& classes, std::int64_t images, std::int64_t pixels,
                      std::uint8_t* map, std::int64_t* counts, void* stream) noexcept {
  const auto categories = classes.categories;
  const auto count_bytes = static_cast<std::size_t>(images * categories) * sizeof(std::int64_t);
  if (counts != nullptr && count_bytes != 0)
    if (const auto* error =
            message_of(cudaMemsetAsync(counts, 0, count_bytes, static_cast<cudaStream_t>(stream))))
      return error;
  const ClassMapJob job{classes.label,
                        classes.logits != nullptr ? *classes.logits : FeatureMap{},
                        static_cast<int>(categories),
                        images,
                        pixels,
                        map,
                        counts};
  return launch(&class_map_kernel, job, job.tasks(), ClassMapJob::kThreads, job.shared_bytes(),
                stream);
}

}  // namespace cag::kernels::cuda
