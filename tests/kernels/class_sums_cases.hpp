#pragma once

#include <cmath>
#include <vector>

#include <cag/kernels/class_sums.hpp>

#include <catch2/catch.hpp>

#include "labels.hpp"
#include "maps.hpp"

// What is expected of class_sums, whoever runs it: run(map, classes) -> Sums.
namespace cag::kernels::test {

struct Sums {
  std::vector<float> sums;
  std::vector<std::int64_t> counts;
  std::vector<std::uint8_t> classes;
  bool operator==(const Sums&) const = default;
};

/// In float64, pixel by pixel.
inline void check_sums(const Sums& got, const Map& map, const std::vector<std::int64_t>& label,
                       const Map* logits, std::int64_t categories) {
  std::vector<double> sums(map.images * categories * map.channels), sizes(sums.size());
  std::vector<std::int64_t> counts(map.images * categories);
  std::int64_t wrong = 0, far = 0;
  for (std::int64_t n = 0; n < map.images; ++n)
    for (std::int64_t p = 0; p < map.pixels; ++p) {
      auto k = label[n * map.pixels + p];
      if (k < 0 || k >= categories) k = 255;
      if (logits != nullptr && k != 255)
        for (std::int64_t other = 0; other < categories; ++other)
          if (logits->at(n, other, p) > logits->at(n, k, p)) {
            k = 255;
            break;
          }
      wrong += got.classes[n * map.pixels + p] != k;
      if (k == 255) continue;
      ++counts[n * categories + k];
      for (std::int64_t d = 0; d < map.channels; ++d) {
        const double value = map.at(n, d, p);
        sums[(n * categories + k) * map.channels + d] += value;
        sizes[(n * categories + k) * map.channels + d] += std::abs(value);
      }
    }
  CHECK(wrong == 0);
  CHECK(got.counts == counts);
  for (std::size_t i = 0; i < sums.size(); ++i)
    far += !(std::abs(got.sums[i] - sums[i]) <= 1e-6 * sizes[i]);
  CHECK(far == 0);
}

template <typename Run>
void expect_sums_by_hand(const Run& run) {
  const Map map{1, 2, 4, {1, 2, 3, std::numeric_limits<float>::quiet_NaN(), 10, 20, 30, HUGE_VALF}};
  const std::vector<std::int64_t> label{2, 0, 2, 250};
  const Map two{2, 2, 3, {1, 2, 4, 10, 20, 40, 3, 5, 7, 30, 50, 70}};
  const std::vector<std::int64_t> labels{0, 2, 0, 250, 2, 2};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    const auto got = run(stored.view(), PixelClasses{label.data(), nullptr, 3});
    CHECK(got.sums == std::vector<float>{2, 20, 0, 0, 4, 40});
    CHECK(got.counts == std::vector<std::int64_t>{1, 0, 2});
    CHECK(got.classes == std::vector<std::uint8_t>{2, 0, 2, 255});
    const Stored images(two, layout);
    const auto of_two = run(images.view(), PixelClasses{labels.data(), nullptr, 3});
    CHECK(of_two.sums == std::vector<float>{5, 50, 0, 0, 2, 20, 0, 0, 0, 0, 12, 120});
    CHECK(of_two.counts == std::vector<std::int64_t>{2, 0, 1, 0, 0, 2});
    CHECK(of_two.classes == std::vector<std::uint8_t>{0, 2, 0, 255, 2, 2});
  }
}

template <typename Run>
void expect_first_of_equal_logits(const Run& run) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Map map{1, 1, 6, {1, 2, 4, 8, 16, 32}};
  const std::vector<std::int64_t> label{0, 1, 1, 1, 0, 1};
  // Equal ones: the first, right and wrong. Above all NaN, right, wrong, and the first of two.
  const Map logits{1, 2, 6, {3, 3, 0, 9, 1, nan, 3, 3, nan, nan, nan, nan}};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout), scores(logits, layout);
    const auto got = run(stored.view(), PixelClasses{label.data(), &scores.view(), 2});
    CHECK(got.sums == std::vector<float>{1, 12});
    CHECK(got.counts == std::vector<std::int64_t>{1, 2});
  }
}

/// @param together  the most neighbours of one category
template <typename Run>
void expect_sums(const Run& run, std::int64_t images, std::int64_t channels, std::int64_t pixels,
                 std::int64_t categories, std::int64_t together = 5) {
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast})
    for (const auto element : {Element::kFloat32, Element::kBFloat16, Element::kFloat16}) {
      const bool predicted = (layout == Layout::kContiguous) == (element == Element::kFloat16);
      CAPTURE(images, channels, pixels, categories, together, predicted, layout, element);
      const auto map = random_map(images, channels, pixels, 3, 1);
      const auto label = random_labels(images * pixels, categories, together);
      const auto logits = random_map(images, categories, pixels, 4);
      const Stored stored(map, layout, element), scores(logits, layout);
      const auto got =
          run(stored.view(),
              PixelClasses{label.data(), predicted ? &scores.view() : nullptr, categories});
      check_sums(got, rounded(map, element), label, predicted ? &logits : nullptr, categories);
    }
}

}  // namespace cag::kernels::test
