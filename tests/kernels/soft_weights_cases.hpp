#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <cag/kernels/soft_weights.hpp>

#include "oracle.hpp"

// What is expected of soft_weights, whoever runs it: run(map, anchors, temperature, categories) ->
// weights.
namespace cag::kernels::test {

template <typename Run>
void expect_shares_by_hand(const Run& run) {
  // Distances to category 0, by the nearer of its anchors, and to 2: 0 1 | 1 1 | 4 1.
  const Map map{1, 1, 3, {0, 2, 5}};
  const Anchors anchors{{0, 1, 1, 6}, {0, 0, 2, 2}, 1};
  const auto share = [](double a, double b) { return Approx(1 / (1 + std::exp((a - b) / 0.5))); };
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    const std::vector<float> weights = run(stored.view(), anchors, 0.5F, 4);
    CHECK(weights[0] == share(0, 1));
    CHECK(weights[1] == 0.5F);
    CHECK(weights[2] == share(4, 1));
    CHECK(weights[6] == share(1, 0));
    CHECK(weights[8] == share(1, 4));
    for (const auto none : {3, 4, 5, 9, 10, 11}) CHECK(weights[none] == 0);
    // So cold that 1 / temperature is no float: all is the nearest's.
    const std::vector<float> cold =
        run(stored.view(), anchors, std::numeric_limits<float>::denorm_min(), 4);
    CHECK(cold[0] == 1);
    CHECK(cold[1] == 0.5F);
    CHECK(cold[6] == Approx(0).margin(1e-30));
    CHECK(cold[8] == 1);
  }
}

/// In float64. The first category has no anchor, and the last.
/// @param ways  anchors of a category, which lie in different slices where there are many
template <typename Run>
void expect_shares(const Run& run, std::int64_t images, std::int64_t channels, std::int64_t pixels,
                   std::int64_t count, std::int64_t ways, float temperature) {
  auto anchors = random_anchors(count, channels);
  for (auto& category : anchors.category) category = category / ways + 1;
  const auto categories = anchors.category.back() + 2;
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast})
    for (const auto element : {Element::kFloat32, Element::kBFloat16, Element::kFloat16}) {
      CAPTURE(images, channels, pixels, count, ways, temperature, layout, element);
      const auto drawn = random_map(images, channels, pixels, 3);
      const auto map = rounded(drawn, element);
      const Stored stored(drawn, layout, element);
      const std::vector<float> weights = run(stored.view(), anchors, temperature, categories);
      std::int64_t far = 0, none = 0;
      for (std::int64_t n = 0; n < images; ++n)
        for (std::int64_t p = 0; p < pixels; ++p) {
          const auto away = category_distances(map, n, p, anchors, categories);
          const auto least = *std::min_element(away.begin(), away.end());
          double sum = 0;
          for (const auto d : away) sum += std::exp((least - d) / temperature);
          for (std::int64_t k = 0; k < categories; ++k) {
            const auto got = weights[(n * categories + k) * pixels + p];
            far += !(std::abs(got - std::exp((least - away[k]) / temperature) / sum) <= 5e-5);
            none += away[k] == kInfinity && got != 0;
          }
        }
      CHECK(far == 0);
      CHECK(none == 0);
    }
}

template <typename Run>
void expect_no_shares_without_finite_distances(const Run& run, std::int64_t count) {
  auto map = random_map(1, 6, 40);
  map.values[3 * 40 + 17] = std::numeric_limits<float>::quiet_NaN();
  map.values[2 * 40 + 39] = kInfinity;
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const std::vector<float> weights =
        run(Stored(map, layout).view(), random_anchors(count, 6), 1, count);
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < count * 40; ++i)
      wrong += std::isnan(weights[i]) != (i % 40 == 17 || i % 40 == 39);
    CHECK(wrong == 0);
  }
}

}  // namespace cag::kernels::test
