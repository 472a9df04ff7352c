#pragma once

#include <cstdint>

#include <cag/kernels/scatter.hpp>

namespace cag::kernels::cuda {

/// `scatter` on a device.
/// @param map     on the device, as are `rows` and `classes`
/// @param stream  a cudaStream_t of the current device; the call does not wait for it
/// @return null, or what the CUDA runtime says of the launch
const char* scatter(const float* rows, std::int64_t categories, const std::uint8_t* classes,
                    const MutableFeatureMap& map, void* stream) noexcept;

}  // namespace cag::kernels::cuda
