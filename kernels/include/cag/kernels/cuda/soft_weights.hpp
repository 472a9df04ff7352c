#pragma once

#include <cstdint>

#include <cag/kernels/cuda/device_anchors.hpp>
#include <cag/kernels/soft_weights.hpp>

namespace cag::kernels::cuda {

/// `soft_weights` on a device.
/// @param map      on the device, as is `weights`
/// @param stream   a cudaStream_t of the current device; the call does not wait for it
/// @return null, or what the CUDA runtime says of the launches
const char* soft_weights(const FeatureMap& map, const DeviceAnchors& anchors, float temperature,
                         std::int64_t categories, float* weights, void* stream) noexcept;

}  // namespace cag::kernels::cuda
