#pragma once

#include <cstdint>

#include <cag/kernels/class_sums.hpp>

namespace cag::kernels::cuda {

/// Bytes of device memory that class_sums needs beside its results: the sums of all categories for
/// each 1024 pixels, or for fewer of a map that would not keep a device busy.
std::int64_t class_sums_bytes(const FeatureMap& map, std::int64_t categories) noexcept;

/// `class_sums` on a device. Equal calls have equal results: no sum depends on the order in which
/// threads come to it.
/// @param map        on the device, as are all pointers of `classes`, its logits and the results
/// @param class_map  [images, pixels] contiguous, overwritten with the class map
/// @param memory     class_sums_bytes(map, classes.categories), on the device, aligned to 4 bytes,
///                   not used by anybody else until the stream has come so far
/// @param stream     a cudaStream_t of the current device; the call does not wait for it
/// @return null, or what the CUDA runtime says of the launches
const char* class_sums(const FeatureMap& map, const PixelClasses& classes, float* sums,
                       std::int64_t* counts, std::uint8_t* class_map, void* memory,
                       void* stream) noexcept;

}  // namespace cag::kernels::cuda
