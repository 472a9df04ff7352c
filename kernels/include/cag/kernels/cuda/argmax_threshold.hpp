#pragma once

#include <cag/kernels/argmax_threshold.hpp>

namespace cag::kernels::cuda {

/// `argmax_threshold` on a device, of any number of channels.
/// @param logits  on the device, as are the pointers of `out`
/// @param stream  a cudaStream_t of the current device; the call does not wait for it
/// @return null, or what the CUDA runtime says of the launch
const char* argmax_threshold(const FeatureMap& logits, const ProbabilityTest& test,
                             const ThresholdedArgmax& out, void* stream) noexcept;

}  // namespace cag::kernels::cuda
