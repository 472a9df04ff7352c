#include <cag/kernels/own_distance.hpp>

#include <algorithm>
#include <tuple>

#include <catch2/catch.hpp>

#include "labels.hpp"
#include "maps.hpp"
#include "room.hpp"
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

  OwnAnchors view() const { return {vectors.data(), category.data(), std::ssize(category)}; }
};

/// `ways` anchors for each category but the second.
Anchors random_anchors(std::int64_t categories, std::int64_t ways, std::int64_t width) {
  Anchors anchors;
  for (std::int64_t k = 0; k < categories; ++k)
    if (k != 1) anchors.category.insert(anchors.category.end(), ways, k);
  anchors.vectors = random_map(1, 1, std::ssize(anchors.category) * width, 7).values;
  return anchors;
}

struct Result {
  std::vector<float> distance;
  std::vector<std::int32_t> nearest;
  DistanceSum sum;

  OwnDistances view() { return {distance.data(), nearest.data()}; }
};

Result run(const FeatureMap& map, const Anchors& anchors, const std::vector<std::uint8_t>& classes,
           const Parallel& parallel = {}) {
  const auto size = static_cast<std::size_t>(map.images * map.pixels);
  Result result{std::vector<float>(size, -1), std::vector<std::int32_t>(size, -2), {}};
  result.sum = own_distance(map, anchors.view(), classes.data(), result.view(), parallel);
  return result;
}

Room<float> gradient_of(const FeatureMap& map, const Anchors& anchors, Result& at, float scale,
                        const Parallel& parallel = {}) {
  Room<float> room(map.images, map.channels, map.pixels,
                   map.pixel_stride == 1 ? Layout::kContiguous : Layout::kChannelsLast,
                   Element::kFloat32, kNaN);
  own_distance_gradient(map, anchors.view(), at.view(), scale, room.view, parallel);
  return room;
}

}  // namespace

TEST_CASE("own_distance measures each pixel to the nearest anchor of its own category") {
  const OnTarget on(GENERATE(from_range(targets())));
  // Pixels: (0, 0) of category 0, (3, 4) of 0, (3, 4) of 2, (9, 9) of none, (1, 1) of 1.
  const Map map{1, 2, 5, {0, 3, 3, 9, 1, 0, 4, 4, 9, 1}};
  const Anchors anchors{{0, 0, 3, 3, 3, 4}, {0, 0, 2}};
  const std::vector<std::uint8_t> classes{0, 0, 2, kNoClass, 1};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    auto result = run(stored.view(), anchors, classes);
    CHECK(result.distance == std::vector<float>{0, 1, 0, 0, 0});
    CHECK(result.nearest == std::vector<std::int32_t>{0, 1, 2, -1, -1});
    CHECK(result.sum.distance == 1);
    CHECK(result.sum.pixels == 3);
    const auto gradient = gradient_of(stored.view(), anchors, result, 2);
    for (std::int64_t p = 0; p < 5; ++p) {
      CHECK(gradient.at(0, 0, p) == 0);
      CHECK(gradient.at(0, 1, p) == (p == 1 ? 2.0F : 0.0F));
    }
  }
}

TEST_CASE("own_distance and its gradient agree with float64 at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  // The last gradient is large enough to be written past the caches.
  const auto [images, channels, pixels, categories, ways] = GENERATE(
      std::tuple{1, 256, 1000, 19, 1}, std::tuple{2, 64, 45, 11, 3}, std::tuple{1, 1, 1, 1, 1},
      std::tuple{3, 5, 7, 2, 2}, std::tuple{1, 130, 33, 24, 1}, std::tuple{2, 3, 3000, 255, 4},
      std::tuple{1, 7, 50, 2, 1000}, std::tuple{1, 64, 16400, 19, 1});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  const auto coherent = GENERATE(true, false);
  CAPTURE(images, channels, pixels, categories, ways, layout, element, coherent);
  const auto drawn = random_map(images, channels, pixels, 3);
  const auto map = rounded(drawn, element);
  const auto anchors = random_anchors(categories, ways, channels);
  const auto classes =
      classes_of(random_labels(images * pixels, categories, coherent ? 60 : 1), categories);
  const Stored stored(drawn, layout, element);
  auto result = run(stored.view(), anchors, classes);
  const auto threaded = run(stored.view(), anchors, classes, threads());
  CHECK(threaded.distance == result.distance);
  CHECK(threaded.nearest == result.nearest);
  CHECK(threaded.sum.distance == result.sum.distance);

  // A weight of the sum's gradient, and half a unit in the last place of what it is rounded to.
  const float scale = 0.5F;
  Room<float> floats(images, channels, pixels, layout, Element::kFloat32, kNaN);
  Room<std::uint16_t> halves(images, channels, pixels, layout, element, 0xffff);
  const bool is_float = element == Element::kFloat32;
  own_distance_gradient(stored.view(), anchors.view(), result.view(), scale,
                        is_float ? floats.view : halves.view, threads());
  const auto gradient = [&](std::int64_t n, std::int64_t d, std::int64_t p) {
    return is_float                        ? floats.at(n, d, p)
           : element == Element::kBFloat16 ? from_bfloat16(halves.at(n, d, p))
                                           : from_float16(halves.at(n, d, p));
  };
  const double unit = is_float ? 0 : element == Element::kBFloat16 ? 0x1p-8 : 0x1p-11;

  double sum = 0;
  std::int64_t counted = 0, wrong = 0, far = 0, off = 0;
  for (std::int64_t n = 0; n < images; ++n)
    for (std::int64_t p = 0; p < pixels; ++p) {
      const auto at = n * pixels + p;
      double least = kInfinity;
      std::vector<double> distances(anchors.category.size(), kInfinity);
      for (std::size_t r = 0; r < anchors.category.size(); ++r) {
        if (anchors.category[r] != classes[at]) continue;
        double squares = 0;
        for (std::int64_t d = 0; d < channels; ++d) {
          const auto away = double{map.at(n, d, p)} - anchors.vectors[r * channels + d];
          squares += away * away;
        }
        distances[r] = std::sqrt(squares);
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
        off += !(std::abs(gradient(n, d, p) - expected) <=
                 std::max(std::abs(expected) * (unit + 1e-5), is_float ? 0 : 0x1p-14));
      }
    }
  CHECK(wrong == 0);
  CHECK(far == 0);
  CHECK(off == 0);
  CHECK(result.sum.pixels == counted);
  CHECK(result.sum.distance == Approx(sum).epsilon(1e-6));
}

TEST_CASE("own_distance leaves out what is not finite where a pixel does not count") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  auto map = random_map(1, 20, 333);
  const auto classes = classes_of(random_labels(333, 3, GENERATE(1, 40)), 3);
  const auto anchors = random_anchors(3, 1, 20);
  const Stored sound(map, layout);
  auto expected = run(sound.view(), anchors, classes);
  const auto expected_gradient = gradient_of(sound.view(), anchors, expected, 1);
  for (std::int64_t p = 0; p < 333; ++p)
    if (classes[p] == kNoClass || classes[p] == 1)
      for (std::int64_t d = 0; d < 20; ++d) map.values[d * 333 + p] = p % 2 == 0 ? kNaN : kInfinity;
  const Stored broken(map, layout);
  auto result = run(broken.view(), anchors, classes);
  CHECK(result.distance == expected.distance);
  CHECK(result.sum.distance == expected.sum.distance);
  CHECK(gradient_of(broken.view(), anchors, result, 1).values == expected_gradient.values);
}

TEST_CASE("own_distance without anchors or pixels counts nothing") {
  const OnTarget on(GENERATE(from_range(targets())));
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(random_map(1, 4, 50), layout);
    auto result = run(stored.view(), {}, std::vector<std::uint8_t>(50, 3));
    CHECK(result.sum.pixels == 0);
    CHECK(result.sum.distance == 0);
    CHECK(result.nearest == std::vector<std::int32_t>(50, -1));
    CHECK(gradient_of(stored.view(), {}, result, 1).values == std::vector<float>(200, 0));
    auto empty = stored.view();
    empty.pixels = 0;
    CHECK(run(empty, random_anchors(3, 1, 4), {}).sum.pixels == 0);
  }
}
