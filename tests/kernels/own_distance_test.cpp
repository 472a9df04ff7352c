#include <cag/kernels/own_distance.hpp>

#include <algorithm>
#include <tuple>

#include <catch2/catch.hpp>

#include "own_distance_cases.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

/// The same results in one thread and in several.
struct Run {
  static OwnResult distances(const FeatureMap& map, const Anchors& anchors,
                             const std::vector<std::uint8_t>& classes) {
    const auto size = static_cast<std::size_t>(map.images * map.pixels);
    const auto with = [&](const Parallel& parallel) {
      OwnResult result{std::vector<float>(size, -1), std::vector<std::int32_t>(size, -2), {}};
      result.sum = own_distance(map, own(anchors), classes.data(),
                                {result.distance.data(), result.nearest.data()}, parallel);
      return result;
    };
    const auto result = with({}), threaded = with(threads());
    CHECK(threaded.distance == result.distance);
    CHECK(threaded.nearest == result.nearest);
    CHECK(threaded.sum.distance == result.sum.distance);
    return result;
  }

  static void gradient(const FeatureMap& map, const Anchors& anchors, OwnResult at, float scale,
                       const MutableFeatureMap& gradient) {
    own_distance_gradient(map, own(anchors), {at.distance.data(), at.nearest.data()}, scale,
                          gradient, threads());
  }
};

}  // namespace

TEST_CASE("own_distance measures each pixel to the nearest anchor of its own category") {
  const OnTarget on(GENERATE(from_range(targets())));
  expect_own_distances_by_hand(Run());
}

TEST_CASE("own_distance and its gradient agree with float64 at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  // The last gradient is large enough to be written past the caches.
  const auto [images, channels, pixels, categories, ways] = GENERATE(
      std::tuple{1, 256, 1000, 19, 1}, std::tuple{2, 64, 45, 11, 3}, std::tuple{1, 1, 1, 1, 1},
      std::tuple{3, 5, 7, 2, 2}, std::tuple{1, 130, 33, 24, 1}, std::tuple{2, 3, 3000, 255, 4},
      std::tuple{1, 7, 50, 2, 1000}, std::tuple{1, 64, 16400, 19, 1});
  for (const int together : {1, 60})
    expect_own_distances(Run(), images, channels, pixels, categories, ways, together);
}

TEST_CASE("own_distance leaves out what is not finite where a pixel does not count") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  auto map = random_map(1, 20, 333);
  const auto classes = classes_of(random_labels(333, 3, GENERATE(1, 40)), 3);
  const auto anchors = anchors_of(3, 1, 20);
  const auto run = [&](const Map& features) {
    const Stored stored(features, layout);
    const auto result = Run::distances(stored.view(), anchors, classes);
    Room<float> room(1, 20, 333, layout, Element::kFloat32, NAN);
    Run::gradient(stored.view(), anchors, result, 1, room.view);
    return std::tuple{result.distance, result.sum.distance, room.values};
  };
  const auto expected = run(map);
  for (std::int64_t p = 0; p < 333; ++p)
    if (classes[p] == kNoClass || classes[p] == 1)
      for (std::int64_t d = 0; d < 20; ++d) map.values[d * 333 + p] = p % 2 == 0 ? NAN : kInfinity;
  CHECK(run(map) == expected);
}

TEST_CASE("own_distance without anchors or pixels counts nothing") {
  const OnTarget on(GENERATE(from_range(targets())));
  expect_nothing_without_anchors(Run());
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    auto empty = Stored(random_map(1, 4, 50), layout).view();
    empty.pixels = 0;
    CHECK(Run::distances(empty, anchors_of(3, 1, 4), {}).sum.pixels == 0);
  }
}
