#pragma once

#include <tuple>

#include "../oracle.hpp"

// What is expected of assign, whoever runs it: run(map, anchors, test) -> Result.
namespace cag::kernels::test {

template <typename Run>
void expect_labels_by_hand(const Run& run) {
  // Distances to (0, 0), (3, 4), (10, 0): 0 5 10 | 5 0 √65 | 2.5 2.5 √62.25 | √5 √8 √85.
  const Map map{1, 2, 4, {0, 3, 1.5, 1, 0, 4, 2, 2}};
  const Anchors anchors{{0, 0, 3, 4, 10, 0}, {0, 1, 2}, 2};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    const auto result = run(stored.view(), anchors, {.margin = 5});
    CHECK(result.label == std::vector<std::int64_t>{0, 1, 250, 250});
    CHECK(result.nearest[0] == 0);
    CHECK(result.second[0] == 5);
    CHECK(result.nearest[2] == 2.5F);
    CHECK(result.nearest[3] == std::sqrt(5.0F));
    CHECK(run(stored.view(), anchors, {.margin = 5, .strict = true}).label ==
          std::vector<std::int64_t>{250, 250, 250, 250});
    // The third pixel is as near to the second category: the first is its nearest, by no margin.
    CHECK(run(stored.view(), anchors, {.margin = 0}).label ==
          std::vector<std::int64_t>{0, 1, 0, 0});
    const std::vector<float> margins{5.5F, 4, 1};
    CHECK(run(stored.view(), anchors, {.margins = margins.data()}).label ==
          std::vector<std::int64_t>{250, 1, 250, 250});
  }
}

template <typename Run>
void expect_margin_to_another_category(const Run& run) {
  const Map map{1, 1, 3, {0.4F, 4.5F, 9}};
  const Stored stored(map, Layout::kContiguous);
  const auto result = run(stored.view(), {{0, 1, 10}, {0, 0, 3}, 1}, {.margin = 2.5});
  CHECK(result.label == std::vector<std::int64_t>{0, 250, 3});
  CHECK(result.second[0] == 9.6F);
  const std::vector<float> margins{0, 0, 0};
  const auto alone = run(stored.view(), {{0, 1}, {2, 2}, 1}, {.margins = margins.data()});
  CHECK(alone.label == std::vector<std::int64_t>{250, 250, 250});
  CHECK(alone.second[0] == kInfinity);
}

template <typename Run>
void expect_agreement(const Run& run, std::int64_t images, std::int64_t channels,
                      std::int64_t pixels, std::int64_t count, float offset = 0) {
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast})
    for (const auto element : {Element::kFloat32, Element::kBFloat16, Element::kFloat16}) {
      // Anchors of one category lie in different slices, and some categories have none.
      const bool alone = (layout == Layout::kContiguous) == (element == Element::kBFloat16);
      const std::int64_t together = alone ? 1 : 3;
      CAPTURE(images, channels, pixels, count, layout, element, together);
      const auto map = random_map(images, channels, pixels, 3, offset);
      auto anchors = random_anchors(count, channels, offset);
      for (auto& category : anchors.category) category = category / together * together;
      const MarginTest test{.margin = 0.5F};
      const Stored stored(map, layout, element);
      check_equal(run(stored.view(), anchors, test),
                  oracle(rounded(map, element), anchors, test, 1e-4), 1e-5);
    }
}

template <typename Run>
void expect_no_label_without_finite_distances(const Run& run, std::int64_t count) {
  const auto sound = random_map(1, 6, 40);
  auto anchors = random_anchors(count, 6);
  // None may be 250.
  for (auto& category : anchors.category) category = count > 250 ? category / 2 : category;
  const std::vector<float> margins(count, 0);
  for (const float broken : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN(), 3e38F})
    for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
      CAPTURE(broken, layout, count);
      auto map = sound;
      map.values[3 * 40 + 17] = broken;
      const Stored stored(map, layout);
      const auto result = run(stored.view(), anchors, {.margins = margins.data()});
      CHECK(result.label[17] == 250);
      CHECK_FALSE(std::isfinite(result.nearest[17]));
      CHECK(std::isnan(result.nearest[17]) == std::isnan(broken));
      CHECK(std::isnan(result.second[17]) == std::isnan(broken));
      CHECK(std::count(result.label.begin(), result.label.end(), 250) == 1);
    }
}

}  // namespace cag::kernels::test
