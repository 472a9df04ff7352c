#include <cag/kernels/class_sums.hpp>

#include <algorithm>
#include <tuple>

#include <catch2/catch.hpp>

#include "class_sums_cases.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

Sums run_with(const FeatureMap& map, const PixelClasses& classes, const Parallel& parallel) {
  const auto cells = map.images * classes.categories;
  Sums result{std::vector<float>(cells * map.channels, kNaN), std::vector<std::int64_t>(cells),
              std::vector<std::uint8_t>(map.images * map.pixels)};
  class_sums(map, classes, result.sums.data(), result.counts.data(), result.classes.data(),
             parallel);
  return result;
}

Sums run(const FeatureMap& map, const PixelClasses& classes) { return run_with(map, classes, {}); }

/// The same in one thread and in several.
Sums run_twice(const FeatureMap& map, const PixelClasses& classes) {
  auto result = run(map, classes);
  CHECK(run_with(map, classes, threads()) == result);
  return result;
}

}  // namespace

TEST_CASE("class_sums adds the features of each category of each image") {
  const OnTarget on(GENERATE(from_range(targets())));
  expect_sums_by_hand(run_twice);
  expect_first_of_equal_logits(run_twice);
}

TEST_CASE("class_sums agrees with float64 at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto [images, channels, pixels, categories] =
      GENERATE(std::tuple{1, 256, 2500, 19}, std::tuple{2, 64, 45, 11}, std::tuple{1, 1, 1, 1},
               std::tuple{3, 5, 7, 2}, std::tuple{1, 130, 33, 24}, std::tuple{2, 3, 5000, 255},
               std::tuple{1, 70, 1100, 255}, std::tuple{1, 300, 17, 5});
  for (const int together : {1, 60})
    expect_sums(run_twice, images, channels, pixels, categories, together);
}

TEST_CASE("class_sums stays accurate over many pixels") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto map = random_map(1, 16, 131072, 4, 3);
  const auto label = random_labels(map.pixels, 2, 3000);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    check_sums(run(stored.view(), {.label = label.data(), .categories = 2}), map, label, nullptr,
               2);
  }
}

TEST_CASE("class_sums leaves out what is not finite where a pixel does not count") {
  const OnTarget on(GENERATE(from_range(targets())));
  auto map = random_map(2, 20, 333);
  const auto label = random_labels(2 * 333, 4, GENERATE(1, 50));
  const PixelClasses classes{.label = label.data(), .categories = 4};
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto sound = run(Stored(map, layout).view(), classes);
  for (std::int64_t n = 0; n < 2; ++n)
    for (std::int64_t p = 0; p < 333; ++p)
      if (label[n * 333 + p] >= 4)
        for (std::int64_t d = 0; d < 20; ++d)
          map.values[(n * 20 + d) * 333 + p] = p % 2 == 0 ? kNaN : 1 / 0.0F;
  CHECK(run(Stored(map, layout).view(), classes) == sound);
  // One that counts spoils the sum of its category and channel, and no other.
  const auto at = std::find(label.begin(), label.end(), 2) - label.begin();
  map.values[7 * 333 + at] = kNaN;
  const auto broken = run(Stored(map, layout).view(), classes);
  for (std::size_t i = 0; i < broken.sums.size(); ++i)
    CHECK(std::isnan(broken.sums[i]) == (i == 2 * 20 + 7));
}

TEST_CASE("class_sums follows its labels: renamed categories, masked pixels, agreeing logits") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto map = random_map(1, 24, 700);
  const Stored stored(map, layout);
  auto label = random_labels(700, 3, 20);
  const auto result = run(stored.view(), {.label = label.data(), .categories = 3});

  auto renamed = label;
  for (auto& k : renamed) k = k < 3 ? 2 - k : k;
  const auto other = run(stored.view(), {.label = renamed.data(), .categories = 3});
  for (std::int64_t k = 0; k < 3; ++k)
    CHECK(std::equal(result.sums.begin() + k * 24, result.sums.begin() + (k + 1) * 24,
                     other.sums.begin() + (2 - k) * 24));

  // Logits that disagree at every third pixel are the same as a label less there.
  Map logits{1, 3, 700, std::vector<float>(3 * 700)};
  auto masked = label;
  for (std::int64_t p = 0; p < 700; ++p) {
    const auto predicted = label[p] >= 3 ? 0 : p % 3 == 0 ? (label[p] + 1) % 3 : label[p];
    logits.values[predicted * 700 + p] = 1;
    if (p % 3 == 0) masked[p] = 250;
  }
  const Stored predictions(logits, layout);
  CHECK(
      run(stored.view(), {.label = label.data(), .logits = &predictions.view(), .categories = 3}) ==
      run(stored.view(), {.label = masked.data(), .categories = 3}));
}

TEST_CASE("class_sums of nothing is zero") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto map = random_map(1, 4, 50);
  const std::vector<std::int64_t> none(50, 250);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    const PixelClasses classes{.label = none.data(), .categories = 3};
    CHECK(run(stored.view(), classes).sums == std::vector<float>(12, 0));
    auto empty = stored.view();
    empty.pixels = 0;
    CHECK(run(empty, classes).sums == std::vector<float>(12, 0));
    empty.images = 0;
    CHECK(run(empty, classes).sums.empty());
  }
}
