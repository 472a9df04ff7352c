#pragma once

#include <cstdint>

#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/parallel.hpp>

namespace cag::kernels {

/// Which pixels count, and for which category.
struct PixelClasses {
  const std::int64_t* label =
      nullptr;  ///< [images, pixels] contiguous; outside [0, categories): none
  /// Where it is given, only pixels count whose largest logit is that of their label: float32, of
  /// as many channels as there are categories.
  const FeatureMap* logits = nullptr;
  std::int64_t categories = 0;  ///< at most 255
};

/// Sums and counts of features per image and category, in one pass over the features. Pixels that
/// do not count are not read into any sum: what is not finite there stays out.
/// @param sums    [images, categories, channels] contiguous, overwritten
/// @param counts  [images, categories] contiguous, overwritten
void class_sums(const FeatureMap& map, const PixelClasses& classes, float* sums,
                std::int64_t* counts, const Parallel& parallel = {}) noexcept;

}  // namespace cag::kernels
