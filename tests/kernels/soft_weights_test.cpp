#include <cag/kernels/soft_weights.hpp>

#include <algorithm>
#include <tuple>

#include <catch2/catch.hpp>

#include "maps.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Anchors {
  std::vector<float> vectors;
  std::vector<std::int64_t> category;
  std::int64_t width;

  AnchorTable table() const {
    return {vectors.data(), category.data(), std::ssize(category), width};
  }
};

/// `ways` anchors for each category but the second.
Anchors random_anchors(std::int64_t categories, std::int64_t ways, std::int64_t width) {
  Anchors anchors{{}, {}, width};
  for (std::int64_t k = 0; k < categories; ++k)
    if (k != 1) anchors.category.insert(anchors.category.end(), ways, k);
  anchors.vectors = random_map(1, 1, std::ssize(anchors.category) * width, 7).values;
  return anchors;
}

std::vector<float> run(const FeatureMap& map, const Anchors& anchors, float temperature,
                       std::int64_t categories, const Parallel& parallel = {}) {
  std::vector<float> weights(map.images * categories * map.pixels, -1);
  soft_weights(map, anchors.table(), temperature, categories, weights.data(), parallel);
  return weights;
}

}  // namespace

TEST_CASE("soft_weights shares a pixel among categories by its distances") {
  const OnTarget on(GENERATE(from_range(targets())));
  // Distances to category 0, by the nearer of its anchors, and to 2: 0 1 | 1 1 | 4 1.
  const Map map{1, 1, 3, {0, 2, 5}};
  const Anchors anchors{{0, 1, 1, 6}, {0, 0, 2, 2}, 1};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    const auto weights = run(stored.view(), anchors, 0.5F, 4);
    const auto share = [](double a, double b) { return Approx(1 / (1 + std::exp((a - b) / 0.5))); };
    CHECK(weights[0] == share(0, 1));
    CHECK(weights[1] == 0.5F);
    CHECK(weights[2] == share(4, 1));
    CHECK(weights[6] == share(1, 0));
    CHECK(weights[8] == share(1, 4));
    for (const auto none : {3, 4, 5, 9, 10, 11}) CHECK(weights[none] == 0);
  }
}

TEST_CASE("soft_weights agrees with float64 at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto [images, channels, pixels, categories, ways] = GENERATE(
      std::tuple{1, 256, 700, 19, 1}, std::tuple{2, 64, 45, 11, 3}, std::tuple{1, 1, 1, 1, 1},
      std::tuple{3, 5, 7, 2, 2}, std::tuple{1, 30, 33, 1000, 1});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  const float temperature = GENERATE(0.1F, 1.0F, 30.0F);
  CAPTURE(images, channels, pixels, categories, ways, layout, element, temperature);
  const auto drawn = random_map(images, channels, pixels, 3);
  const auto map = rounded(drawn, element);
  const auto anchors = random_anchors(categories, ways, channels);
  const Stored stored(drawn, layout, element);
  const auto weights = run(stored.view(), anchors, temperature, categories);
  CHECK(run(stored.view(), anchors, temperature, categories, threads()) == weights);
  std::int64_t far = 0, none = 0;
  for (std::int64_t n = 0; n < images; ++n)
    for (std::int64_t p = 0; p < pixels; ++p) {
      std::vector<double> distance(categories, kInfinity);
      for (std::size_t r = 0; r < anchors.category.size(); ++r) {
        double squares = 0;
        for (std::int64_t d = 0; d < channels; ++d) {
          const auto away = double{map.at(n, d, p)} - anchors.vectors[r * channels + d];
          squares += away * away;
        }
        auto& own = distance[anchors.category[r]];
        own = std::min(own, std::sqrt(squares));
      }
      const auto least = *std::min_element(distance.begin(), distance.end());
      double sum = 0;
      for (const auto d : distance) sum += std::exp((least - d) / temperature);
      for (std::int64_t k = 0; k < categories; ++k) {
        const auto got = weights[(n * categories + k) * pixels + p];
        far += !(std::abs(got - std::exp((least - distance[k]) / temperature) / sum) <= 5e-5);
        none += distance[k] == kInfinity && got != 0;
      }
    }
  CHECK(far == 0);
  CHECK(none == 0);
}

TEST_CASE("soft_weights are NaN where distances are not finite, and only there") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto anchors = random_anchors(4, 1, 6);
  auto map = random_map(1, 6, 40);
  map.values[3 * 40 + 17] = kNaN;
  map.values[2 * 40 + 39] = kInfinity;
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const auto weights = run(Stored(map, layout).view(), anchors, 1, 4);
    for (std::int64_t i = 0; i < 160; ++i)
      CHECK(std::isnan(weights[i]) == (i % 40 == 17 || i % 40 == 39));
  }
}

TEST_CASE("soft_weights of nothing writes nothing") {
  const Stored stored(random_map(1, 6, 40), Layout::kContiguous);
  auto empty = stored.view();
  empty.pixels = 0;
  CHECK(run(empty, random_anchors(4, 1, 6), 1, 4).empty());
  empty.images = 0;
  CHECK(run(empty, random_anchors(4, 1, 6), 1, 4).empty());
}
