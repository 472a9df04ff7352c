#pragma once

#include <cstdint>

#include <cag/kernels/class_map.hpp>
#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/mutable_feature_map.hpp>
#include <cag/kernels/parallel.hpp>

namespace cag::kernels {

/// Anchors that pixels of their category are drawn to. A category may have several, or none: its
/// pixels do not count then.
struct OwnAnchors {
  const float* vectors = nullptr;          ///< [anchors, channels of the map] row by row
  const std::int64_t* category = nullptr;  ///< [anchors] ascending, below 255: whose each is
  std::int64_t anchors = 0;                ///< at most 1024
};

/// What `own_distance` writes, each [images, pixels] contiguous: its gradient reads them.
struct OwnDistances {
  float* distance = nullptr;        ///< 0 where a pixel does not count
  std::int32_t* nearest = nullptr;  ///< which anchor, -1 where a pixel does not count
};

/// Over the pixels that count.
struct DistanceSum {
  double distance = 0;      ///< their sum
  std::int64_t pixels = 0;  ///< how many count
};

/// The Euclidean distance of each pixel to the nearest anchor of its own category, and their sum,
/// in one pass over the features. Differences are squared one by one, in float32.
/// @param map      on the CPU
/// @param classes  [images, pixels] contiguous, as `class_map` makes it
DistanceSum own_distance(const FeatureMap& map, const OwnAnchors& anchors,
                         const std::uint8_t* classes, const OwnDistances& out,
                         const Parallel& parallel = {}) noexcept;

/// `scale` times the gradient of the sum by the features: (f - a) / ‖f - a‖, and 0 where that is
/// 0 / 0 or a pixel does not count.
/// @param at        as `own_distance` has written them
/// @param gradient  overwritten; shape and element of `map`, in the same layout
void own_distance_gradient(const FeatureMap& map, const OwnAnchors& anchors, const OwnDistances& at,
                           float scale, const MutableFeatureMap& gradient,
                           const Parallel& parallel = {}) noexcept;

}  // namespace cag::kernels
