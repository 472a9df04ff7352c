#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <cag/anchor/running_mean.hpp>

namespace cag::anchor {

/// a ← momentum · a + (1 − momentum) · v per image and category, after a running mean over the
/// first `warm_up` observations.
struct MovingAverage {
  static constexpr std::string_view kName = "moving-average";

  double momentum = 0.9999;
  std::int64_t warm_up = 100;
  std::int64_t cap = 3000;       ///< where the count stops; 0: nowhere
  std::int64_t min_pixels = 10;  ///< of a category in an image, to count

  void operator()(Anchors& anchors, const ClassSums& sums) const {
    const RunningMean mean{.cap = cap, .min_pixels = min_pixels};
    detail::for_each_mean(anchors, sums, min_pixels,
                          [&](auto row, std::int64_t& count, const auto& vector) {
                            if (count < warm_up) return mean.add(row, count, vector);
                            row = (momentum * row + (1 - momentum) * vector).eval();
                            count = cap > 0 ? std::min(count + 1, cap) : count + 1;
                          });
  }
};

}  // namespace cag::anchor
