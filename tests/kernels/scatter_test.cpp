#include <cag/kernels/scatter.hpp>

#include <algorithm>
#include <cstring>
#include <tuple>

#include <catch2/catch.hpp>

#include <cag/kernels/class_sums.hpp>

#include "scatter_cases.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// The same in one thread and in several.
void run(const std::vector<float>& rows, std::int64_t categories,
         const std::vector<std::uint8_t>& classes, const MutableFeatureMap& map) {
  const auto size = static_cast<std::size_t>(map.images * map.channels * map.pixels) *
                    (map.element == Element::kFloat32 ? sizeof(float) : sizeof(std::uint16_t));
  const auto* const bytes = static_cast<const char*>(map.data);
  const std::vector<char> before(bytes, bytes + size);
  scatter(rows.data(), categories, classes.data(), map, threads());
  const std::vector<char> threaded(bytes, bytes + size);
  std::copy(before.begin(), before.end(), static_cast<char*>(map.data));
  scatter(rows.data(), categories, classes.data(), map);
  CHECK(std::equal(threaded.begin(), threaded.end(), bytes));
}

}  // namespace

TEST_CASE("scatter gives each pixel its category's row, at every size, layout and element") {
  const OnTarget on(GENERATE(from_range(targets())));
  // The last maps are large enough to be written past the caches.
  const auto [images, channels, pixels, categories] = GENERATE(
      std::tuple{1, 256, 1000, 19}, std::tuple{2, 64, 45, 11}, std::tuple{1, 1, 1, 1},
      std::tuple{3, 5, 7, 2}, std::tuple{1, 130, 33, 24}, std::tuple{2, 3, 5000, 255},
      std::tuple{1, 70, 600, 70}, std::tuple{2, 64, 8256, 31}, std::tuple{1, 64, 16400, 32});
  for (const int together : {1, 60})
    expect_rows(run, images, channels, pixels, categories, together);
}

TEST_CASE("scatter rounds half types to the nearest, ties to even, on every instruction set") {
  const OnTarget on(GENERATE(from_range(targets())));
  expect_rounding(run);
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
