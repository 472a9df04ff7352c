#pragma once

#include <cstdint>

#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/parallel.hpp>

namespace cag::kernels {

/// Which pixels count, and for which category.
struct PixelClasses {
  /// [images, pixels] contiguous; outside [0, categories): none.
  const std::int64_t* label = nullptr;
  /// Where it is given, only pixels count whose largest logit is that of their label: the first of
  /// equal ones, and NaN is above all. Of as many channels as there are categories.
  const FeatureMap* logits = nullptr;
  std::int64_t categories = 0;  ///< 1 to 255
};

/// What a class map holds where a pixel does not count.
inline constexpr std::uint8_t kNoClass = 255;

/// The category of each pixel that counts, one byte each: what the operators over classes read, and
/// all that their gradients have to keep of labels and logits.
/// @param map     [images, pixels] contiguous, overwritten
/// @param counts  [images, categories] contiguous, overwritten: the pixels of each; or null
void class_map(const PixelClasses& classes, std::int64_t images, std::int64_t pixels,
               std::uint8_t* map, std::int64_t* counts, const Parallel& parallel = {}) noexcept;

}  // namespace cag::kernels
