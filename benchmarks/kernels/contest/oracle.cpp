#include "oracle.hpp"

#include <algorithm>
#include <cmath>

namespace bench {

Truth labels_in_double(const float* map, const float* anchors, const Case& now) {
  const auto pixels = now.pixels();
  constexpr std::int64_t kBlock = 256;
  Truth truth{std::vector<std::int64_t>(pixels), std::vector<double>(pixels)};
  std::vector<double> squared(now.categories * kBlock);
  for (std::int64_t begin = 0; begin < pixels; begin += kBlock) {
    const auto size = std::min(kBlock, pixels - begin);
    std::fill(squared.begin(), squared.end(), 0);
    for (std::int64_t d = 0; d < now.channels; ++d)
      for (std::int64_t k = 0; k < now.categories; ++k) {
        const double anchor = anchors[k * now.channels + d];
        const float* from = map + d * pixels + begin;
        double* to = squared.data() + k * kBlock;
        for (std::int64_t i = 0; i < size; ++i) to[i] += (from[i] - anchor) * (from[i] - anchor);
      }
    for (std::int64_t i = 0; i < size; ++i) {
      double nearest = INFINITY, second = INFINITY;
      std::int64_t category = 0;
      for (std::int64_t k = 0; k < now.categories; ++k) {
        const double distance = std::sqrt(squared[k * kBlock + i]);
        if (distance < nearest) {
          second = nearest;
          nearest = distance;
          category = k;
        } else {
          second = std::min(second, distance);
        }
      }
      truth.label[begin + i] = second - nearest >= kMargin ? category : kIgnore;
      truth.clearance[begin + i] = std::abs(second - nearest - kMargin);
    }
  }
  return truth;
}

Differences differences(const Truth& truth, const std::int64_t* labels) {
  constexpr double kClear = 1e-4;
  Differences found;
  for (std::size_t i = 0; i < truth.label.size(); ++i) {
    const bool differs = truth.label[i] != labels[i];
    found.all += differs;
    found.clear += differs && truth.clearance[i] >= kClear;
  }
  return found;
}

}  // namespace bench
