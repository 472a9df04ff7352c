#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <cag/kernels/anchor_table.hpp>
#include <cag/kernels/assign.hpp>

#include <catch2/catch.hpp>

#include "maps.hpp"

namespace cag::kernels::test {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Anchors that own their values, [size, width].
struct Anchors {
  std::vector<float> vectors;
  std::vector<std::int64_t> category;
  std::int64_t width;

  std::int64_t size() const { return std::ssize(category); }
  AnchorTable table() const { return {vectors.data(), category.data(), size(), width}; }
};

inline Anchors random_anchors(std::int64_t anchors, std::int64_t width, float offset = 0,
                              std::uint32_t seed = 7) {
  auto vectors = random_map(1, 1, anchors * width, seed, offset).values;
  std::vector<std::int64_t> category(anchors);
  std::iota(category.begin(), category.end(), 0);
  return {std::move(vectors), std::move(category), width};
}

/// `ways` anchors for each category but the second.
inline Anchors anchors_of(std::int64_t categories, std::int64_t ways, std::int64_t width) {
  Anchors anchors{{}, {}, width};
  for (std::int64_t k = 0; k < categories; ++k)
    if (k != 1) anchors.category.insert(anchors.category.end(), ways, k);
  anchors.vectors = random_map(1, 1, anchors.size() * width, 7).values;
  return anchors;
}

/// From a pixel to an anchor, in float64.
inline double distance(const Map& map, std::int64_t n, std::int64_t p, const Anchors& anchors,
                       std::int64_t anchor) {
  double sum = 0;
  for (std::int64_t d = 0; d < map.channels; ++d) {
    const double away = double{map.at(n, d, p)} - anchors.vectors[anchor * anchors.width + d];
    sum += away * away;
  }
  return std::sqrt(sum);
}

/// From a pixel to the nearest anchor of each category, +inf where there is none.
inline std::vector<double> category_distances(const Map& map, std::int64_t n, std::int64_t p,
                                              const Anchors& anchors, std::int64_t categories) {
  std::vector<double> least(categories, kInfinity);
  for (std::int64_t r = 0; r < anchors.size(); ++r) {
    auto& own = least[anchors.category[r]];
    own = std::min(own, distance(map, n, p, anchors, r));
  }
  return least;
}

/// What assign writes.
struct Result {
  std::vector<std::int64_t> label;
  std::vector<float> nearest, second;
};

/// In float64, pixel by pixel; labels nearer to the margin than `unsure` are -1.
inline Result oracle(const Map& map, const Anchors& anchors, const MarginTest& test,
                     double unsure) {
  Result result;
  for (std::int64_t n = 0; n < map.images; ++n)
    for (std::int64_t p = 0; p < map.pixels; ++p) {
      auto least = category_distances(map, n, p, anchors, anchors.category.back() + 1);
      const auto k = std::min_element(least.begin(), least.end()) - least.begin();
      const double first = least[k];
      least[k] = kInfinity;
      const double second = *std::min_element(least.begin(), least.end());
      const double margin = test.margins != nullptr ? test.margins[k] : test.margin;
      const double gap = second - first;
      result.nearest.push_back(static_cast<float>(first));
      result.second.push_back(static_cast<float>(second));
      result.label.push_back(std::abs(gap - margin) < unsure || gap < unsure ? -1
                             : gap >= margin && std::isfinite(gap)           ? k
                                                                             : 250);
    }
  return result;
}

inline void check_equal(const Result& got, const Result& expected, double tolerance) {
  REQUIRE(got.label.size() == expected.label.size());
  std::int64_t wrong = 0, far = 0;
  const auto differs = [&](float a, float b) {
    return a != b && !(std::abs(double{a} - b) <= tolerance * std::abs(b));
  };
  for (std::size_t i = 0; i < got.label.size(); ++i) {
    wrong += expected.label[i] != -1 && got.label[i] != expected.label[i];
    far +=
        differs(got.nearest[i], expected.nearest[i]) || differs(got.second[i], expected.second[i]);
  }
  CHECK(wrong == 0);
  CHECK(far == 0);
}

}  // namespace cag::kernels::test
