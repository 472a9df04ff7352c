#include <cag/kernels/soft_weights.hpp>

#include <tuple>

#include <catch2/catch.hpp>

#include "soft_weights_cases.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

/// The same in one thread and in several.
std::vector<float> run(const FeatureMap& map, const Anchors& anchors, float temperature,
                       std::int64_t categories) {
  const auto with = [&](const Parallel& parallel) {
    std::vector<float> weights(map.images * categories * map.pixels, -1);
    soft_weights(map, anchors.table(), temperature, categories, weights.data(), parallel);
    return weights;
  };
  auto weights = with({});
  // Bit by bit: some may be NaN.
  const auto threaded = with(threads());
  CHECK(std::equal(weights.begin(), weights.end(), threaded.begin(), [](float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
  }));
  return weights;
}

}  // namespace

TEST_CASE("soft_weights shares a pixel among categories by its distances") {
  const OnTarget on(GENERATE(from_range(targets())));
  expect_shares_by_hand(run);
}

TEST_CASE("soft_weights agrees with float64 at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto [images, channels, pixels, anchors, ways] = GENERATE(
      std::tuple{1, 256, 700, 19, 1}, std::tuple{2, 64, 45, 33, 3}, std::tuple{1, 1, 1, 1, 1},
      std::tuple{3, 5, 7, 4, 2}, std::tuple{1, 30, 33, 1000, 1});
  for (const float temperature : {0.1F, 1.0F, 30.0F})
    expect_shares(run, images, channels, pixels, anchors, ways, temperature);
}

TEST_CASE("soft_weights are NaN where distances are not finite, and only there") {
  const OnTarget on(GENERATE(from_range(targets())));
  expect_no_shares_without_finite_distances(run, 4);
}

TEST_CASE("soft_weights of nothing writes nothing") {
  auto empty = Stored(random_map(1, 6, 40), Layout::kContiguous).view();
  empty.pixels = 0;
  CHECK(run(empty, random_anchors(4, 6), 1, 4).empty());
  empty.images = 0;
  CHECK(run(empty, random_anchors(4, 6), 1, 4).empty());
}
