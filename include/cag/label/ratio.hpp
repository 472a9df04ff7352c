#pragma once

#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cag/label/evidence.hpp>
#include <cag/label/ignore.hpp>

namespace cag::label {

/// Active when the second nearest anchor is at least `ratio` times as far as the nearest (Lowe's
/// test of keypoints, IJCV 2004). Unlike a margin it does not depend on the scale of the features.
struct Ratio {
  static constexpr std::string_view kName = "ratio";
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = false;
  static constexpr bool kNearestTwoSuffice = true;

  double ratio = 1.5;

  at::Tensor operator()(const Evidence& evidence) const {
    const auto pixels = evidence.nearest();
    // On both anchors at once there is no telling them apart.
    const auto active = pixels.second.ge(pixels.nearest * ratio)
                            .logical_and_(pixels.second.isfinite())
                            .logical_and_(pixels.second.gt(pixels.nearest));
    return pixels.category.masked_fill(active.logical_not_(), kIgnoreIndex);
  }
};

}  // namespace cag::label
