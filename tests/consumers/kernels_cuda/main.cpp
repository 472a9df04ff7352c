#include <cstdint>
#include <cstdio>
#include <new>

#include <cuda_runtime_api.h>

#include <cag/kernels/cuda/assign.hpp>

using namespace cag::kernels;

namespace {

struct Values {
  float anchors[2] = {0, 10}, features[2] = {1, 9};
  std::int64_t category[2] = {0, 1}, label[2] = {};
};

/// @param values  in memory that the device reaches, where there is one
const char* label(Values& values, void* memory) {
  cuda::DeviceAnchors anchors;
  if (const auto* error =
          cuda::lay_out_anchors(values.anchors, values.category, 2, 1, memory, anchors, nullptr))
    return error;
  return cuda::assign(
      {.data = values.features, .images = 1, .channels = 1, .pixels = 2, .channel_stride = 2},
      anchors, {}, {.label = values.label}, nullptr);
}

}  // namespace

// Distances to 0 and 10: 1 9 | 9 1.
int main() {
  const auto bytes = static_cast<std::size_t>(cuda::anchor_bytes(2, 1));
  void *shared = nullptr, *memory = nullptr;
  if (cudaMallocManaged(&shared, sizeof(Values)) != cudaSuccess ||
      cudaMalloc(&memory, bytes) != cudaSuccess) {
    Values own;
    const auto* const error = label(own, memory);
    std::printf("linked; no GPU to run on: %s\n", error == nullptr ? "and no error" : error);
    return error == nullptr;
  }
  auto& values = *new (shared) Values;
  const auto* const error = label(values, memory);
  const bool done = error == nullptr && cudaDeviceSynchronize() == cudaSuccess;
  std::printf("%s\n", error == nullptr ? "labelled" : error);
  return done && values.label[0] == 0 && values.label[1] == 1 ? 0 : 1;
}
