#pragma once

#include <cag/kernels/assign.hpp>
#include <cag/kernels/cuda/device_anchors.hpp>

namespace cag::kernels::cuda {

/// `assign` on a device, with its results: the order in which a pixel's differences are added is
/// the same. Features are read once, for each 256 anchors.
/// @param map      on the device, as are the pointers of `test` and `out`
/// @param stream   a cudaStream_t of the current device; the call does not wait for it
/// @return null, or what the CUDA runtime says of the launch
const char* assign(const FeatureMap& map, const DeviceAnchors& anchors, const MarginTest& test,
                   const Assignment& out, void* stream) noexcept;

}  // namespace cag::kernels::cuda
