#pragma once

#include <cstdint>

namespace cag::kernels::cuda {

/// Anchors in the memory of a device, as the operators read them; whoever made them keeps the
/// memory. See AnchorTable for which anchors these are.
struct DeviceAnchors {
  const float* tiles = nullptr;            ///< in an order of their own, padded with zeros
  const std::int64_t* category = nullptr;  ///< [anchors] ascending
  std::int64_t anchors = 0;                ///< 1 to AnchorTable::kMaxAnchors
  std::int64_t width = 0;
};

/// Bytes of device memory that lay_out_anchors writes.
std::int64_t anchor_bytes(std::int64_t anchors, std::int64_t width) noexcept;

/// Lays out anchors that are on the device already, in the order of the stream.
/// @param vectors   [anchors, width] row by row, on the device
/// @param category  [anchors] ascending, on the device
/// @param memory    anchor_bytes(anchors, width), on the device, aligned to 16 bytes
/// @param out       set to what is in `memory` once the stream has come so far
/// @param stream    a cudaStream_t of the current device
/// @return null, or what the CUDA runtime says of the launch
const char* lay_out_anchors(const float* vectors, const std::int64_t* category,
                            std::int64_t anchors, std::int64_t width, void* memory,
                            DeviceAnchors& out, void* stream) noexcept;

}  // namespace cag::kernels::cuda
