#pragma once

#include <cmath>
#include <tuple>
#include <vector>

#include <cag/kernels/scatter.hpp>

#include <catch2/catch.hpp>

#include "labels.hpp"
#include "maps.hpp"
#include "room.hpp"

// What is expected of scatter, whoever runs it: run(rows, categories, classes, map), which leaves
// the map's values in its memory.
namespace cag::kernels::test {

/// @param together  the most neighbours of one category
template <typename Run>
void expect_rows(const Run& run, std::int64_t images, std::int64_t channels, std::int64_t pixels,
                 std::int64_t categories, std::int64_t together = 9) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  const auto rows = random_map(1, 1, images * categories * channels, 6).values;
  const auto classes = classes_of(random_labels(images * pixels, categories, together), categories);
  const auto wrong = [&](const auto& room, const auto& differs) {
    std::int64_t count = 0;
    for (std::int64_t n = 0; n < images; ++n)
      for (std::int64_t d = 0; d < channels; ++d)
        for (std::int64_t p = 0; p < pixels; ++p) {
          const auto k = classes[n * pixels + p];
          const float row = k == kNoClass ? 0 : rows[(n * categories + k) * channels + d];
          count += differs(room.at(n, d, p), row);
        }
    return count;
  };
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    CAPTURE(images, channels, pixels, categories, together, layout);
    Room<float> floats(images, channels, pixels, layout, Element::kFloat32, kNaN);
    run(rows, categories, classes, floats.view);
    CHECK(wrong(floats, [](float got, float row) { return !(got == row); }) == 0);
    for (const auto element : {Element::kBFloat16, Element::kFloat16}) {
      CAPTURE(element);
      // Half a unit in the last place: 8 and 11 bits.
      const float unit = element == Element::kBFloat16 ? 0x1p-8F : 0x1p-11F;
      Room<std::uint16_t> halves(images, channels, pixels, layout, element, 0xffff);
      run(rows, categories, classes, halves.view);
      CHECK(wrong(halves, [&](std::uint16_t got, float row) {
              return !(std::abs(held(element, got) - row) <=
                       std::max(std::abs(row) * unit, element == Element::kFloat16 ? 0x1p-14F : 0));
            }) == 0);
    }
  }
}

template <typename Run>
void expect_rounding(const Run& run) {
  struct Rounded {
    float value;
    std::uint16_t float16, bfloat16;
  };
  const auto infinity = std::numeric_limits<float>::infinity();
  const std::vector<Rounded> all{{0, 0, 0},
                                 {-0.0F, 0x8000, 0x8000},
                                 {1, 0x3c00, 0x3f80},
                                 {1 + 0x1p-11F, 0x3c00, 0x3f80},
                                 {1 + 0x3p-11F, 0x3c02, 0x3f80},
                                 {1 + 0x1p-8F, 0x3c04, 0x3f80},
                                 {1 + 0x3p-8F, 0x3c0c, 0x3f82},
                                 {-65519, 0xfbff, 0xc780},
                                 {65520, 0x7c00, 0x4780},
                                 {1e38F, 0x7c00, 0x7e96},
                                 {-infinity, 0xfc00, 0xff80},
                                 {0x1p-14F, 0x0400, 0x3880},
                                 {0x1p-25F, 0, 0x3300},
                                 {0x3p-25F, 2, 0x33c0},
                                 {0x1.ff8p-15F, 0x03ff, 0x3880},
                                 {std::numeric_limits<float>::quiet_NaN(), 0x7e00, 0x7fc0}};
  std::vector<float> rows;
  for (const auto& each : all) rows.push_back(each.value);
  constexpr std::int64_t kPixels = 40;
  const std::vector<std::uint8_t> classes(kPixels, 0);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast})
    for (const auto element : {Element::kFloat16, Element::kBFloat16}) {
      CAPTURE(layout, element);
      const auto channels = std::ssize(all);
      Room<std::uint16_t> room(1, channels, kPixels, layout, element, 0x1234);
      run(rows, 1, classes, room.view);
      for (std::int64_t d = 0; d < channels; ++d) {
        CAPTURE(all[d].value);
        for (std::int64_t p = 0; p < kPixels; ++p)
          CHECK(room.at(0, d, p) ==
                (element == Element::kFloat16 ? all[d].float16 : all[d].bfloat16));
      }
    }
}

}  // namespace cag::kernels::test
