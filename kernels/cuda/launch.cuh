#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include <cuda_runtime_api.h>

namespace cag::kernels::cuda {

/// Null, or what the runtime says of the error, which is then no longer its last one: whoever
/// checks next is not told of it again.
inline const char* message_of(cudaError_t error) noexcept {
  if (error == cudaSuccess) return nullptr;
  cudaGetLastError();
  return cudaGetErrorString(error);
}

/// Launches kernel(job) for that many tasks, over which its blocks stride.
template <typename Job>
const char* launch(void (*kernel)(Job), Job job, std::int64_t tasks, int threads,
                   std::int64_t shared_bytes, void* stream) noexcept {
  if (tasks == 0) return nullptr;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  void* arguments[] = {&job};
  return message_of(cudaLaunchKernel(
      reinterpret_cast<const void*>(kernel), dim3(static_cast<unsigned>(std::min(tasks, kMost))),
      dim3(static_cast<unsigned>(threads)), arguments, static_cast<std::size_t>(shared_bytes),
      static_cast<cudaStream_t>(stream)));
}

}  // namespace cag::kernels::cuda
