#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tile_sums_test.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "cpu/tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

inline void sum_by_tiles([[maybe_unused]] const FeatureMap& map,
                         [[maybe_unused]] const AnchorTable& table, [[maybe_unused]] float* sums) {
#ifdef CAG_KERNELS_CPU_TILES
  TileSums(table, sums).add<float>(map, 0, 0, map.pixels);
#endif
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <bit>
#include <cmath>
#include <memory>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "cpu/tiles.hpp"
#include "oracle.hpp"

namespace cag::kernels {
HWY_EXPORT(sum_by_tiles);
}

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

/// The worst that two bfloat16 parts can be off by: the value rounded up or down by half a step,
/// and what is cut off the rest.
void make_hard_to_split(std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); i += 2) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    values[i] = std::bit_cast<float>((bits & 0xFFFF0000) | (i % 4 == 0 ? 0x7FFF : 0x8001));
  }
}

}  // namespace

TEST_CASE("tiles sum products as closely as labels are decided by") {
  if ((HWY_TARGETS & HWY_AVX3) == 0 || !cpu::may_use_tiles()) return;  // the test kernels.tiles may
  const auto [channels, pixels, count] =
      GENERATE(std::tuple{1, 1, 1}, std::tuple{32, 16, 16}, std::tuple{33, 80, 17},
               std::tuple{256, 333, 19}, std::tuple{47, 130, 33}, std::tuple{100, 35, 64});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  CAPTURE(channels, pixels, count, layout);
  auto map = random_map(1, channels, pixels);
  make_hard_to_split(map.values);
  // Their centre is zero.
  auto anchors = random_anchors(count, channels);
  make_hard_to_split(anchors.vectors);
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t d = 0; d < channels; ++d) {
      const auto at = r * channels + d;
      if (r % 2 == 1) anchors.vectors[at] = -anchors.vectors[at - channels];
      if (r == count - 1 && count % 2 == 1) anchors.vectors[at] = 0;
    }
  const auto table = anchors.table();
  const Stored stored(map, layout);
  const auto* tiles = table.tiles();
  REQUIRE(tiles != nullptr);
  const auto row = tiles->tiles() * tiles->rows() + 1;
  const auto vectors = (pixels + 15) / 16;
  // Sums are written at once, not added to; on whole lines of the cache.
  std::vector<float> memory(vectors * row * 16 + 16, 1e30F);
  void* begin = memory.data();
  auto space = memory.size() * sizeof(float);
  auto* sums = static_cast<float*>(std::align(64, vectors * row * 64, begin, space));
  HWY_DYNAMIC_DISPATCH(sum_by_tiles)(stored.view(), table, sums);

  std::int64_t wrong = 0;
  for (std::int64_t p = 0; p < pixels; ++p) {
    const float* own = sums + p / 16 * row * 16 + p % 16;
    double pixel = 0;
    for (std::int64_t d = 0; d < channels; ++d) pixel += std::pow(map.at(0, d, p), 2);
    const double rounding = (channels + 1) * 0x1p-24;
    wrong += std::abs(own[(row - 1) * 16] - pixel) > rounding * pixel;
    for (std::int64_t r = 0; r < count; ++r) {
      double product = 0, anchor = 0;
      for (std::int64_t d = 0; d < channels; ++d) {
        const double value = anchors.vectors[r * channels + d];
        product += map.at(0, d, p) * value;
        anchor += value * value;
      }
      wrong += !(std::abs(own[r * 16] - product) <=
                 (0x1p-14 + 3 * rounding) * std::sqrt(pixel * anchor));
    }
  }
  CHECK(wrong == 0);
}

#endif
