#pragma once

#include <cstdint>
#include <memory>

namespace cag::kernels {

/// Centred anchors as tile registers multiply them: in two bfloat16 parts, whose sum is within
/// 2⁻¹⁶ of the value, and in tiles of as many anchors each, zeros after the last.
class TileAnchors {
 public:
  /// Channels of a tile.
  static constexpr std::int64_t kChannels = 32;
  /// Most anchors of a tile.
  static constexpr std::int64_t kMostRows = 16;

  /// One, or pairs of them.
  static constexpr std::int64_t tiles(std::int64_t anchors) {
    return anchors <= kMostRows ? 1 : (anchors + 2 * kMostRows - 1) / (2 * kMostRows) * 2;
  }
  static constexpr std::int64_t rows(std::int64_t anchors) {
    return (anchors + tiles(anchors) - 1) / tiles(anchors);
  }

  /// @param centred  as AnchorTable::centred_by_block
  TileAnchors(const float* centred, std::int64_t anchors, std::int64_t width);

  std::int64_t tiles() const noexcept { return tiles_; }
  /// Anchors of a tile.
  std::int64_t rows() const noexcept { return rows_; }

  /// [rows, kChannels]: what pixels of one channel beside another meet.
  /// @param part  0: the value rounded, 1: what rounding left
  const std::uint16_t* by_anchor(std::int64_t channels, int part,
                                 std::int64_t tile) const noexcept {
    return by_anchor_.get() + at(channels, part, tile, rows_ * kChannels);
  }
  /// [kChannels / 2, rows, 2]: of each anchor, channels i and i + kChannels / 2.
  const std::uint16_t* by_pair(std::int64_t channels, int part, std::int64_t tile) const noexcept {
    return by_pair_.get() + at(channels, part, tile, rows_ * kChannels);
  }

 private:
  std::int64_t at(std::int64_t channels, int part, std::int64_t tile,
                  std::int64_t size) const noexcept {
    return ((channels / kChannels * 2 + part) * tiles_ + tile) * size;
  }

  std::int64_t tiles_;
  std::int64_t rows_;
  std::unique_ptr<std::uint16_t[]> by_anchor_;
  std::unique_ptr<std::uint16_t[]> by_pair_;
};

}  // namespace cag::kernels
