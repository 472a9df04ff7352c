#pragma once

#include <cstdint>

#include <cag/kernels/anchor_table.hpp>
#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/parallel.hpp>

namespace cag::kernels {

/// What `assign` writes, each [images, pixels], contiguous; null where it is not wanted.
struct Assignment {
  std::int64_t* label = nullptr;     ///< as `category`, `ignore` where not active
  std::int64_t* category = nullptr;  ///< of the nearest anchor; the first where none is nearer
  float* nearest = nullptr;          ///< Euclidean distance to the nearest anchor
  float* second = nullptr;          ///< to the nearest anchor of another category, +inf without one
  std::int64_t ignore = 250;        ///< an int32
  float* gap = nullptr;             ///< second - nearest
  std::uint8_t* abstain = nullptr;  ///< 0 where active, 1 elsewhere
  std::uint8_t* label_byte = nullptr;     ///< as `label`, where `ignore` too is at most 255
  std::uint8_t* category_byte = nullptr;  ///< as `category`, of at most 256 categories
};

/// When a pixel is active: the distance to the second category exceeds that to the first by the
/// margin of the first. A pixel whose distances are not finite is never active.
struct MarginTest {
  /// [categories]: the margin of each; +inf: never active. Null: `margin` for all.
  const float* margins = nullptr;
  float margin = 2.5F;
  bool strict = false;  ///< a gap of exactly the margin is not active
};

/// The nearest anchor of each pixel in one pass over the features: no distance to any other anchor
/// is stored. Differences are squared one by one, in float32: x² − 2xa + a² would cancel where
/// features share an offset. Where no distance is asked for, pixels whose labels are clear beyond
/// what rounding can do take that form, of features less the mean of the anchors: the labels are
/// the same, in about half the time.
/// @param map      on the CPU, table.width() channels
void assign(const FeatureMap& map, const AnchorTable& table, const MarginTest& test,
            const Assignment& out, const Parallel& parallel = {}) noexcept;

}  // namespace cag::kernels
