#pragma once

#include <cstdint>

#include <cag/kernels/class_map.hpp>
#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/parallel.hpp>

namespace cag::kernels {

/// Sums and counts of features per image and category, in one pass over the features. Pixels that
/// do not count are not read into any sum: what is not finite there stays out. Sums are made of
/// float32 sums of at most 2048 values, added in float64.
/// @param map        on the CPU
/// @param sums       [images, categories, channels] contiguous, overwritten
/// @param counts     [images, categories] contiguous, overwritten
/// @param class_map  [images, pixels] contiguous, overwritten with the class map: the workspace,
///                   and what the gradient (`scatter`) needs
void class_sums(const FeatureMap& map, const PixelClasses& classes, float* sums,
                std::int64_t* counts, std::uint8_t* class_map,
                const Parallel& parallel = {}) noexcept;

}  // namespace cag::kernels
