#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <cag/kernels/own_distance.hpp>

#include "labels.hpp"
#include "oracle.hpp"
#include "room.hpp"

// What is expected of own_distance and its gradient, whoever runs them: run.distances(map, anchors,
// classes) -> OwnResult; run.gradient(map, anchors, result, scale, room), which leaves the gradient
// in the room.
namespace cag::kernels::test {

struct OwnResult {
  std::vector<float> distance;
  std::vector<std::int32_t> nearest;
  DistanceSum sum;
};

inline OwnAnchors own(const Anchors& anchors) {
  return {anchors.vectors.data(), anchors.category.data(), anchors.size()};
}

template <typename Run>
void expect_own_distances_by_hand(const Run& run) {
  // Pixels: (0, 0) of category 0, (3, 4) of 0, (3, 4) of 2, (9, 9) of none, (1, 1) of 1.
  const Map map{1, 2, 5, {0, 3, 3, 9, 1, 0, 4, 4, 9, 1}};
  const Anchors anchors{{0, 0, 3, 3, 3, 4}, {0, 0, 2}, 2};
  const std::vector<std::uint8_t> classes{0, 0, 2, kNoClass, 1};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    const OwnResult result = run.distances(stored.view(), anchors, classes);
    CHECK(result.distance == std::vector<float>{0, 1, 0, 0, 0});
    CHECK(result.nearest == std::vector<std::int32_t>{0, 1, 2, -1, -1});
    CHECK(result.sum.distance == 1);
    CHECK(result.sum.pixels == 3);
    Room<float> room(1, 2, 5, layout, Element::kFloat32, NAN);
    run.gradient(stored.view(), anchors, result, 2, room.view);
    for (std::int64_t p = 0; p < 5; ++p) {
      CHECK(room.at(0, 0, p) == 0);
      CHECK(room.at(0, 1, p) == (p == 1 ? 2.0F : 0.0F));
    }
  }
}

/// In float64. Features where a pixel does not count are not finite.
/// @param together  the most neighbours of one category
template <typename Run>
void expect_own_distances(const Run& run, std::int64_t images, std::int64_t channels,
                          std::int64_t pixels, std::int64_t categories, std::int64_t ways,
                          std::int64_t together = 9) {
  const float scale = 0.5F;
  const auto anchors = anchors_of(categories, ways, channels);
  const auto classes = classes_of(random_labels(images * pixels, categories, together), categories);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast})
    for (const auto element : {Element::kFloat32, Element::kBFloat16, Element::kFloat16}) {
      CAPTURE(images, channels, pixels, categories, ways, together, layout, element);
      auto drawn = random_map(images, channels, pixels, 3);
      const auto map = rounded(drawn, element);
      for (std::int64_t n = 0; n < images; ++n)
        for (std::int64_t p = 0; p < pixels; ++p)
          if (const auto k = classes[n * pixels + p]; k == kNoClass || k == 1)
            drawn.values[n * channels * pixels + p] = HUGE_VALF;
      const Stored stored(drawn, layout, element);
      const OwnResult result = run.distances(stored.view(), anchors, classes);
      Room<float> floats(images, channels, pixels, layout, Element::kFloat32, NAN);
      Room<std::uint16_t> halves(images, channels, pixels, layout, element, 0xffff);
      const bool is_float = element == Element::kFloat32;
      run.gradient(stored.view(), anchors, result, scale, is_float ? floats.view : halves.view);
      const double unit = is_float ? 0 : element == Element::kBFloat16 ? 0x1p-8 : 0x1p-11;

      double sum = 0;
      std::int64_t counted = 0, wrong = 0, far = 0, off = 0;
      for (std::int64_t n = 0; n < images; ++n)
        for (std::int64_t p = 0; p < pixels; ++p) {
          const auto at = n * pixels + p;
          double least = kInfinity;
          std::vector<double> distances(anchors.category.size(), kInfinity);
          for (std::int64_t r = 0; r < anchors.size(); ++r) {
            if (anchors.category[r] != classes[at]) continue;
            distances[r] = distance(map, n, p, anchors, r);
            least = std::min(least, distances[r]);
          }
          const auto row = result.nearest[at];
          const bool counts = least < kInfinity;
          counted += counts;
          sum += counts ? least : 0;
          wrong += counts ? row < 0 || distances[row] > least * (1 + 1e-5) + 1e-6 : row != -1;
          far += !(std::abs(result.distance[at] - (counts ? least : 0)) <= 1e-5 * least + 1e-6);
          for (std::int64_t d = 0; d < channels; ++d) {
            const auto expected =
                counts && row >= 0 && distances[row] > 0
                    ? scale * (double{map.at(n, d, p)} - anchors.vectors[row * channels + d]) /
                          distances[row]
                    : 0;
            const auto got = is_float ? floats.at(n, d, p) : held(element, halves.at(n, d, p));
            off += !(std::abs(got - expected) <=
                     std::max(std::abs(expected) * (unit + 1e-5), is_float ? 0 : 0x1p-14));
          }
        }
      CHECK(wrong == 0);
      CHECK(far == 0);
      CHECK(off == 0);
      CHECK(result.sum.pixels == counted);
      CHECK(result.sum.distance == Approx(sum).epsilon(1e-6));
    }
}

template <typename Run>
void expect_nothing_without_anchors(const Run& run) {
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(random_map(1, 4, 50), layout);
    const OwnResult result =
        run.distances(stored.view(), Anchors{{}, {}, 4}, std::vector<std::uint8_t>(50, 3));
    CHECK(result.sum.pixels == 0);
    CHECK(result.sum.distance == 0);
    CHECK(result.nearest == std::vector<std::int32_t>(50, -1));
    CHECK(result.distance == std::vector<float>(50, 0));
    Room<float> room(1, 4, 50, layout, Element::kFloat32, NAN);
    run.gradient(stored.view(), Anchors{{}, {}, 4}, result, 1, room.view);
    CHECK(room.values == std::vector<float>(200, 0));
  }
}

}  // namespace cag::kernels::test
