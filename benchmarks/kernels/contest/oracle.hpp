#pragma once

#include <cstdint>
#include <vector>

#include "case.hpp"

namespace bench {

/// Labels by float64, and how far the gap of the two distances is from the margin.
struct Truth {
  std::vector<std::int64_t> label;
  std::vector<double> clearance;
};

constexpr double kMargin = 2.5;
constexpr std::int64_t kIgnore = 250;

/// @param map      [channels, pixels]
/// @param anchors  [categories, channels]
Truth labels_in_double(const float* map, const float* anchors, const Case& now);

/// Labels that differ from the truth: of all pixels, and of those that are clear of the margin.
struct Differences {
  std::int64_t all = 0, clear = 0;
};

Differences differences(const Truth& truth, const std::int64_t* labels);

}  // namespace bench
