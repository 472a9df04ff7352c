#pragma once

#include <cstdint>

#include <cag/kernels/class_map.hpp>
#include <cag/kernels/mutable_feature_map.hpp>
#include <cag/kernels/parallel.hpp>

namespace cag::kernels {

/// Gives each pixel the row of its category, and zeros where it does not count: the gradient of
/// `class_sums`, in one pass over the map. Half types are rounded to the nearest.
/// @param rows        [images, categories, channels] contiguous
/// @param categories  1 to 255
/// @param classes     [images, pixels] contiguous, as `class_map` makes it
/// @param map         on the CPU, overwritten
void scatter(const float* rows, std::int64_t categories, const std::uint8_t* classes,
             const MutableFeatureMap& map, const Parallel& parallel = {}) noexcept;

}  // namespace cag::kernels
