#include <cag/kernels/class_sums.hpp>

#include <algorithm>
#include <tuple>

#include <catch2/catch.hpp>

#include "labels.hpp"
#include "maps.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct Result {
  std::vector<float> sums;
  std::vector<std::int64_t> counts;
  std::vector<std::uint8_t> classes;
  bool operator==(const Result&) const = default;
};

Result run(const FeatureMap& map, const PixelClasses& classes, const Parallel& parallel = {}) {
  const auto cells = map.images * classes.categories;
  Result result{std::vector<float>(cells * map.channels, kNaN), std::vector<std::int64_t>(cells),
                std::vector<std::uint8_t>(map.images * map.pixels)};
  class_sums(map, classes, result.sums.data(), result.counts.data(), result.classes.data(),
             parallel);
  return result;
}

/// The largest distance of a mean from that of float64, over the largest mean.
double worst(const Result& got, const Map& map, const std::vector<std::int64_t>& label,
             std::int64_t categories) {
  std::vector<double> sums(got.sums.size());
  std::vector<std::int64_t> counts(got.counts.size());
  for (std::int64_t n = 0; n < map.images; ++n)
    for (std::int64_t p = 0; p < map.pixels; ++p) {
      const auto k = label[n * map.pixels + p];
      if (k < 0 || k >= categories) continue;
      ++counts[n * categories + k];
      for (std::int64_t d = 0; d < map.channels; ++d)
        sums[(n * categories + k) * map.channels + d] += double{map.at(n, d, p)};
    }
  CHECK(got.counts == counts);
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const auto count = static_cast<double>(counts[i / map.channels]);
    if (count == 0) {
      CHECK(got.sums[i] == 0);
      continue;
    }
    largest = std::max(largest, std::abs(sums[i] / count));
    error = std::max(error, std::abs(double{got.sums[i]} - sums[i]) / count);
  }
  return largest == 0 ? 0 : error / largest;
}

}  // namespace

TEST_CASE("class_sums adds the features of each category of each image") {
  const OnTarget on(GENERATE(from_range(targets())));
  const Map map{2, 2, 3, {1, 2, 4, 10, 20, 40, 3, 5, 7, 30, 50, 70}};
  const std::vector<std::int64_t> label{0, 2, 0, 250, 2, 2};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    const auto result = run(stored.view(), {.label = label.data(), .categories = 3});
    CHECK(result.sums == std::vector<float>{5, 50, 0, 0, 2, 20, 0, 0, 0, 0, 12, 120});
    CHECK(result.counts == std::vector<std::int64_t>{2, 0, 1, 0, 0, 2});
    CHECK(result.classes == std::vector<std::uint8_t>{0, 2, 0, 255, 2, 2});
  }
}

TEST_CASE("class_sums agrees with float64 at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto [images, channels, pixels, categories] =
      GENERATE(std::tuple{1, 256, 1000, 19}, std::tuple{2, 64, 45, 11}, std::tuple{1, 1, 1, 1},
               std::tuple{3, 5, 7, 2}, std::tuple{1, 130, 33, 24}, std::tuple{2, 3, 5000, 255},
               std::tuple{1, 70, 600, 255}, std::tuple{1, 300, 17, 5});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  const auto coherent = GENERATE(true, false);
  CAPTURE(images, channels, pixels, categories, layout, element, coherent);
  const auto map = random_map(images, channels, pixels, 3, 1);
  const auto label = random_labels(images * pixels, categories, coherent ? 60 : 1);
  const Stored stored(map, layout, element);
  const PixelClasses classes{.label = label.data(), .categories = categories};
  const auto result = run(stored.view(), classes);
  CHECK(worst(result, rounded(map, element), label, categories) < 1e-6);
  CHECK(run(stored.view(), classes, threads()) == result);
}

TEST_CASE("class_sums stays accurate over many pixels") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto map = random_map(1, 16, 131072, 4, 3);
  const auto label = random_labels(map.pixels, 2, 3000);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    CHECK(worst(run(stored.view(), {.label = label.data(), .categories = 2}), map, label, 2) <
          1e-6);
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
