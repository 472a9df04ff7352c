#include <cag/kernels/cuda/device_anchor_table.hpp>

#include <new>
#include <vector>

#include "anchor_body.hpp"
#include "device_block.cuh"
#include "launch.cuh"

namespace cag::kernels::cuda {

namespace {

__global__ void __launch_bounds__(AnchorJob::kThreads) anchor_kernel(AnchorJob job) {
  anchor_body(DeviceBlock(), job);
}

std::int64_t tile_bytes(std::int64_t anchors, std::int64_t width) {
  return AnchorTiles::channels(width) * AnchorTiles::of(anchors).all_slots() *
         std::int64_t{sizeof(float)};
}

/// @param job  all but what is written
const char* lay_out(AnchorJob job, void* memory, DeviceAnchors& out, void* stream) noexcept {
  job.tiles_out = static_cast<float*>(memory);
  job.category_out = reinterpret_cast<std::int64_t*>(static_cast<char*>(memory) +
                                                     tile_bytes(job.anchors, job.width));
  out = {job.tiles_out, job.category_out, job.anchors, job.width};
  return launch(&anchor_kernel, job, job.tasks(), AnchorJob::kThreads, 0, stream);
}

/// Device memory; null when there is none, with what the runtime says of it.
std::shared_ptr<void> allocate(std::int64_t bytes, const char*& error) {
  void* memory = nullptr;
  error = message_of(cudaMalloc(&memory, static_cast<std::size_t>(bytes)));
  return {memory, [](void* own) { cudaFree(own); }};
}

}  // namespace

std::int64_t anchor_bytes(std::int64_t anchors, std::int64_t width) noexcept {
  return tile_bytes(anchors, width) + anchors * std::int64_t{sizeof(std::int64_t)};
}

const char* lay_out_anchors(const float* vectors, const std::int64_t* category,
                            std::int64_t anchors, std::int64_t width, void* memory,
                            DeviceAnchors& out, void* stream) noexcept {
  return lay_out({vectors, category, anchors, width}, memory, out, stream);
}

const char* DeviceAnchorTable::make(const AnchorTable& table, DeviceAnchorTable& out) noexcept try {
  const auto anchors = table.anchors(), width = table.width();
  std::vector<float> rows(static_cast<std::size_t>(anchors * width));
  for (std::int64_t r = 0; r < anchors; ++r)
    for (std::int64_t d = 0; d < width; ++d)
      rows[r * width + d] =
          table.by_block()[(d / AnchorTable::kBlock * anchors + r) * AnchorTable::kBlock +
                           d % AnchorTable::kBlock];
  const auto category_bytes = static_cast<std::size_t>(anchors) * sizeof(std::int64_t);
  const auto vector_bytes = static_cast<std::size_t>(anchors * width) * sizeof(float);
  const char* error = nullptr;
  DeviceAnchorTable made;
  made.memory_ = allocate(anchor_bytes(anchors, width), error);
  if (error != nullptr) return error;
  const auto source = allocate(static_cast<std::int64_t>(category_bytes + vector_bytes), error);
  if (error != nullptr) return error;
  auto* const category = static_cast<std::int64_t*>(source.get());
  auto* const vectors = reinterpret_cast<float*>(category + anchors);
  for (const auto status :
       {cudaMemcpy(category, table.category(), category_bytes, cudaMemcpyHostToDevice),
        cudaMemcpy(vectors, rows.data(), vector_bytes, cudaMemcpyHostToDevice)})
    if (status != cudaSuccess) return message_of(status);
  error = lay_out({vectors, category, anchors, width}, made.memory_.get(), made.view_, nullptr);
  if (error == nullptr) error = message_of(cudaStreamSynchronize(nullptr));
  if (error != nullptr) return error;
  out = std::move(made);
  return nullptr;
} catch (const std::bad_alloc&) {
  return "out of memory";
}

}  // namespace cag::kernels::cuda
