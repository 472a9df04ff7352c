#include <cag/kernels/scatter.hpp>

#include <algorithm>
#include <tuple>

#include <catch2/catch.hpp>

#include <cag/kernels/class_sums.hpp>

#include "labels.hpp"
#include "maps.hpp"
#include "room.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("scatter gives each pixel its category's row, at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  // The last map is large enough to be written past the caches.
  const auto [images, channels, pixels, categories] = GENERATE(
      std::tuple{1, 256, 1000, 19}, std::tuple{2, 64, 45, 11}, std::tuple{1, 1, 1, 1},
      std::tuple{3, 5, 7, 2}, std::tuple{1, 130, 33, 24}, std::tuple{2, 3, 5000, 255},
      std::tuple{1, 70, 600, 70}, std::tuple{2, 64, 8256, 31}, std::tuple{1, 64, 16400, 32});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto coherent = GENERATE(true, false);
  CAPTURE(images, channels, pixels, categories, layout, coherent);
  const auto rows = random_map(1, 1, images * categories * channels, 6).values;
  const auto classes =
      classes_of(random_labels(images * pixels, categories, coherent ? 60 : 1), categories);
  const auto expected = [&](std::int64_t n, std::int64_t d, std::int64_t p) {
    const auto k = classes[n * pixels + p];
    return k == kNoClass ? 0.0F : rows[(n * categories + k) * channels + d];
  };
  const auto wrong = [&](const auto& room, const auto& differs) {
    std::int64_t count = 0;
    for (std::int64_t n = 0; n < images; ++n)
      for (std::int64_t d = 0; d < channels; ++d)
        for (std::int64_t p = 0; p < pixels; ++p)
          count += differs(room.at(n, d, p), expected(n, d, p));
    return count;
  };

  Room<float> floats(images, channels, pixels, layout, Element::kFloat32, kNaN);
  scatter(rows.data(), categories, classes.data(), floats.view);
  CHECK(wrong(floats, [](float got, float value) { return !(got == value); }) == 0);
  Room<float> again(images, channels, pixels, layout, Element::kFloat32, kNaN);
  scatter(rows.data(), categories, classes.data(), again.view, threads());
  CHECK(again.values == floats.values);

  // Half a unit in the last place: 8 and 11 bits.
  Room<std::uint16_t> bfloats(images, channels, pixels, layout, Element::kBFloat16, 0xffff);
  scatter(rows.data(), categories, classes.data(), bfloats.view);
  CHECK(wrong(bfloats, [](std::uint16_t got, float value) {
          return !(std::abs(from_bfloat16(got) - value) <= std::abs(value) / 256);
        }) == 0);
  Room<std::uint16_t> halves(images, channels, pixels, layout, Element::kFloat16, 0xffff);
  scatter(rows.data(), categories, classes.data(), halves.view);
  CHECK(wrong(halves, [](std::uint16_t got, float value) {
          return !(std::abs(from_float16(got) - value) <=
                   std::max(std::abs(value) / 2048, 0x1p-14F));
        }) == 0);
}

TEST_CASE("scatter rounds half types to the nearest, ties to even, on every instruction set") {
  const OnTarget on(GENERATE(from_range(targets())));
  struct Rounded {
    float value;
    std::uint16_t float16, bfloat16;
  };
  const auto infinity = std::numeric_limits<float>::infinity();
  const auto [value, float16, bfloat16] = GENERATE_COPY(
      Rounded{0, 0, 0}, Rounded{-0.0F, 0x8000, 0x8000}, Rounded{1, 0x3c00, 0x3f80},
      Rounded{1 + 0x1p-11F, 0x3c00, 0x3f80}, Rounded{1 + 0x3p-11F, 0x3c02, 0x3f80},
      Rounded{1 + 0x1p-8F, 0x3c04, 0x3f80}, Rounded{1 + 0x3p-8F, 0x3c0c, 0x3f82},
      Rounded{-65519, 0xfbff, 0xc780}, Rounded{65520, 0x7c00, 0x4780},
      Rounded{1e38F, 0x7c00, 0x7e96}, Rounded{-infinity, 0xfc00, 0xff80},
      Rounded{0x1p-14F, 0x0400, 0x3880}, Rounded{0x1p-25F, 0, 0x3300}, Rounded{0x3p-25F, 2, 0x33c0},
      Rounded{0x1.ff8p-15F, 0x03ff, 0x3880}, Rounded{kNaN, 0x7e00, 0x7fc0});
  CAPTURE(value);
  const std::vector<std::uint8_t> classes(40, 0);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast})
    for (const auto& [element, bits] :
         {std::pair{Element::kFloat16, float16}, std::pair{Element::kBFloat16, bfloat16}}) {
      const std::vector<float> rows(40, value);
      Room<std::uint16_t> room(1, 40, 40, layout, element, 0x1234);
      scatter(rows.data(), 1, classes.data(), room.view);
      CHECK(room.values.front() == bits);
      CHECK(std::count(room.values.begin(), room.values.end(), bits) == 1600);
    }
}

TEST_CASE("scatter is the adjoint of class_sums") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto map = random_map(2, 24, 500);
  const Stored stored(map, layout);
  const auto label = random_labels(1000, 7, 9);
  const auto rows = random_map(1, 1, 2 * 7 * 24, 8).values;
  std::vector<float> sums(rows.size());
  std::vector<std::int64_t> counts(14);
  std::vector<std::uint8_t> classes(1000);
  class_sums(stored.view(), {.label = label.data(), .categories = 7}, sums.data(), counts.data(),
             classes.data());
  Room<float> gradient(2, 24, 500, layout, Element::kFloat32, kNaN);
  scatter(rows.data(), 7, classes.data(), gradient.view);
  double forward = 0, backward = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) forward += double{rows[i]} * sums[i];
  for (std::int64_t n = 0; n < 2; ++n)
    for (std::int64_t d = 0; d < 24; ++d)
      for (std::int64_t p = 0; p < 500; ++p)
        backward += double{gradient.at(n, d, p)} * map.at(n, d, p);
  CHECK(forward == Approx(backward).epsilon(1e-5));
}

TEST_CASE("scatter of nothing writes nothing") {
  Room<float> room(1, 3, 4, Layout::kContiguous, Element::kFloat32, 7);
  auto empty = room.view;
  empty.images = 0;
  scatter(nullptr, 2, nullptr, empty);
  empty.images = 1;
  empty.pixels = 0;
  scatter(nullptr, 2, nullptr, empty);
  CHECK(room.values == std::vector<float>(12, 7));
}
