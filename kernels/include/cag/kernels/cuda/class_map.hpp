#pragma once

#include <cstdint>

#include <cag/kernels/class_map.hpp>

namespace cag::kernels::cuda {

/// `class_map` on a device.
/// @param classes  all of its pointers, and its logits, on the device, as are the results
/// @param stream   a cudaStream_t of the current device; the call does not wait for it
/// @return null, or what the CUDA runtime says of the launch
const char* class_map(const PixelClasses& classes, std::int64_t images, std::int64_t pixels,
                      std::uint8_t* map, std::int64_t* counts, void* stream) noexcept;

}  // namespace cag::kernels::cuda
