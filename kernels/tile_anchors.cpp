#include "tile_anchors.hpp"

#include <bit>

#include <cag/kernels/anchor_table.hpp>

namespace cag::kernels {

namespace {

/// To the nearest, ties to even; nothing here is infinite.
std::uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

float from_bfloat16(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

}  // namespace

TileAnchors::TileAnchors(const float* centred, std::int64_t anchors, std::int64_t width)
    : tiles_(tiles(anchors)), rows_(rows(anchors)) {
  constexpr auto kHalf = kChannels / 2;
  const auto size = (width + kChannels - 1) / kChannels * 2 * tiles_ * rows_ * kChannels;
  by_anchor_ = std::make_unique<std::uint16_t[]>(size);
  by_pair_ = std::make_unique<std::uint16_t[]>(size);
  for (std::int64_t r = 0; r < anchors; ++r)
    for (std::int64_t d = 0; d < width; ++d) {
      constexpr auto kBlock = AnchorTable::kBlock;
      const auto value = centred[(d / kBlock * anchors + r) * kBlock + d % kBlock];
      const auto rounded = to_bfloat16(value);
      const std::uint16_t parts[] = {rounded, to_bfloat16(value - from_bfloat16(rounded))};
      const auto row = r % rows_, channel = d % kChannels;
      for (int part = 0; part < 2; ++part) {
        const auto tile = at(d, part, r / rows_, rows_ * kChannels);
        by_anchor_[tile + row * kChannels + channel] = parts[part];
        by_pair_[tile + (channel % kHalf * rows_ + row) * 2 + channel / kHalf] = parts[part];
      }
    }
}

}  // namespace cag::kernels
