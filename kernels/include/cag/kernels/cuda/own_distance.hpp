#pragma once

#include <cstdint>

#include <cag/kernels/own_distance.hpp>

namespace cag::kernels::cuda {

/// Bytes of device memory that own_distance needs beside its results.
std::int64_t own_distance_bytes(const FeatureMap& map) noexcept;

/// `own_distance` on a device. Equal calls have equal results.
/// @param map      on the device, as are the pointers of `anchors` and `out`, and `classes`
/// @param sum      on the device, overwritten
/// @param memory   own_distance_bytes(map), on the device, aligned to 8 bytes, not used by anybody
///                 else until the stream has come so far
/// @param stream   a cudaStream_t of the current device; the call does not wait for it
/// @return null, or what the CUDA runtime says of the launches
const char* own_distance(const FeatureMap& map, const OwnAnchors& anchors,
                         const std::uint8_t* classes, const OwnDistances& out, DistanceSum* sum,
                         void* memory, void* stream) noexcept;

/// `own_distance_gradient` on a device.
/// @param map       on the device, as are the pointers of `anchors` and `at`, and `gradient`
/// @param scale     one value, on the device: nobody waits for it
/// @param stream    a cudaStream_t of the current device; the call does not wait for it
/// @return null, or what the CUDA runtime says of the launch
const char* own_distance_gradient(const FeatureMap& map, const OwnAnchors& anchors,
                                  const OwnDistances& at, const float* scale,
                                  const MutableFeatureMap& gradient, void* stream) noexcept;

}  // namespace cag::kernels::cuda
