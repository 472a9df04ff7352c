#pragma once

#include <ATen/core/Tensor.h>

#include <cag/random/stream.hpp>

namespace blocks {

/// What a camera and the light make of a scene. The defaults leave it as it is.
struct Style {
  double brightness = 1;  ///< factor
  double contrast = 1;    ///< factor of the distance from middle grey
  double tint[3] = {1, 1, 1};
  double shade = 0;   ///< share of light lost at the lower edge, growing from the upper
  double noise = 0;   ///< standard deviation, of 255
  bool blur = false;  ///< 3 x 3 mean
  double spread = 0;  ///< brightness and contrast differ by up to this share from image to image

  /// [H, W, 3] uint8 -> the same.
  at::Tensor operator()(const at::Tensor& image, cag::Stream& stream) const;
};

inline constexpr Style kClean{.noise = 2, .spread = 0.08};
inline constexpr Style kDusk{.brightness = 0.7,
                             .contrast = 0.7,
                             .tint = {0.8, 0.86, 1.16},
                             .shade = 0.5,
                             .noise = 10,
                             .blur = true,
                             .spread = 0.2};

}  // namespace blocks
