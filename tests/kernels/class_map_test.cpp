#include <cag/kernels/class_map.hpp>

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

using Bytes = std::vector<std::uint8_t>;
using Counts = std::vector<std::int64_t>;

std::pair<Bytes, Counts> run(const PixelClasses& classes, std::int64_t images, std::int64_t pixels,
                             const Parallel& parallel = {}) {
  Bytes map(images * pixels, 77);
  Counts counts(images * classes.categories, -1);
  class_map(classes, images, pixels, map.data(), counts.data(), parallel);
  return {std::move(map), std::move(counts)};
}

/// What torch's argmax gives.
std::int64_t argmax(const Map& logits, std::int64_t n, std::int64_t p) {
  std::int64_t best = 0;
  for (std::int64_t k = 0; k < logits.channels; ++k) {
    if (std::isnan(logits.at(n, k, p))) return k;
    if (logits.at(n, k, p) > logits.at(n, best, p)) best = k;
  }
  return best;
}

}  // namespace

TEST_CASE("class_map keeps labels that are categories, and counts them by image") {
  const std::vector<std::int64_t> label{0, 2, 250, -1, 1, 3, 255, 256, 1LL << 40, 2};
  const auto [map, counts] = run({.label = label.data(), .categories = 3}, 2, 5);
  CHECK(map == Bytes{0, 2, 255, 255, 1, 255, 255, 255, 255, 2});
  CHECK(counts == Counts{1, 1, 1, 0, 0, 1});
  Bytes again(10);
  class_map({.label = label.data(), .categories = 3}, 2, 5, again.data(), nullptr);
  CHECK(again == map);
}

TEST_CASE("class_map counts a pixel only where its largest logit is its label's") {
  const OnTarget on(GENERATE(from_range(targets())));
  // Pixels: agrees, does not, the first of equal ones, not the second, NaN is the largest, the
  // first NaN, all -inf, +inf.
  const Map logits{1,
                   2,
                   8,
                   {5, 5, 1, 1, 0, kNaN, -kInfinity, 0,  //
                    0, 0, 1, 1, kNaN, kNaN, -kInfinity, kInfinity}};
  const std::vector<std::int64_t> label{0, 1, 0, 1, 1, 1, 0, 1};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(logits, layout);
    const auto [map, counts] =
        run({.label = label.data(), .logits = &stored.view(), .categories = 2}, 1, 8);
    CHECK(map == Bytes{0, 255, 0, 255, 1, 255, 0, 1});
    CHECK(counts == Counts{3, 2});
  }
}

TEST_CASE("class_map agrees with argmax at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto [images, categories, pixels] =
      GENERATE(std::tuple{1, 19, 1000}, std::tuple{2, 11, 45}, std::tuple{1, 1, 1},
               std::tuple{3, 2, 7}, std::tuple{1, 255, 33}, std::tuple{2, 16, 4100});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  CAPTURE(images, categories, pixels, layout, element);
  const auto logits = random_map(images, categories, pixels, 5);
  const auto held = rounded(logits, element);
  const Stored stored(logits, layout, element);
  std::vector<std::int64_t> label;
  Bytes expected;
  Counts counts(images * categories);
  std::mt19937 random(9);
  for (std::int64_t n = 0; n < images; ++n)
    for (std::int64_t p = 0; p < pixels; ++p) {
      const auto best = argmax(held, n, p);
      const auto drawn = random() % 4;
      label.push_back(drawn == 0 ? 250 : drawn == 1 ? (best + 1) % categories : best);
      const bool counted = label.back() == best;
      expected.push_back(counted ? static_cast<std::uint8_t>(best) : kNoClass);
      if (counted) ++counts[n * categories + best];
    }
  const PixelClasses classes{label.data(), &stored.view(), categories};
  CHECK(run(classes, images, pixels) == std::pair{expected, counts});
  CHECK(run(classes, images, pixels, threads()) == std::pair{expected, counts});
}

TEST_CASE("class_map of nothing counts nothing") {
  Counts counts(6, -1);
  class_map({.label = nullptr, .categories = 3}, 2, 0, nullptr, counts.data());
  CHECK(counts == Counts(6, 0));
  class_map({.label = nullptr, .categories = 3}, 0, 5, nullptr, nullptr);
}
