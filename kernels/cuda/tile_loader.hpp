#pragma once

#include <cag/kernels/feature_map.hpp>

#include "anchor_tiles.hpp"
#include "block.hpp"

namespace cag::kernels::cuda {

/// Pixels that a warp takes side by side, two in each lane.
constexpr int kTilePixels = 2 * kWarp;

/// What one thread brings of a tile of features to shared memory, where it is float32, channel by
/// channel. The warps that share a group of pixels share the work. Neighbouring lanes read
/// neighbouring elements in either layout, and write to different banks.
class TileLoader {
 public:
  static constexpr int kChannels = AnchorTiles::kChannels;

  /// Floats of a channel in the tile. What is added keeps channels-last stores off each other's
  /// banks.
  CAG_KERNELS_BOTH static constexpr int row(int groups) { return groups * kTilePixels + 4; }
  /// Floats of the tile.
  CAG_KERNELS_BOTH static constexpr int floats(int groups) { return kChannels * row(groups); }

  /// @param begin  the first pixel of the warp's group, in its image; may lie beyond the last
  CAG_KERNELS_DEVICE TileLoader(const FeatureMap& map, std::int64_t image, std::int64_t begin,
                                int groups, int group, int slice, int slices, int lane)
      : map_(map), slice_(slice), slices_(slices) {
    // A lane keeps its pixels and goes on to other channels, or the other way round.
    const bool streams = map.pixel_stride == 1;
    pixel_step_ = streams ? 0 : kWarp / kChannels;
    channel_step_ = streams ? 1 : 0;
    pixel_ = streams ? lane : lane / kChannels;
    channel_ = streams ? 0 : lane % kChannels;
    pixels_ = static_cast<int>(map.pixels - begin < kTilePixels ? map.pixels - begin : kTilePixels);
    from_ = image * map.image_stride + (begin + pixel_) * map.pixel_stride +
            channel_ * map.channel_stride;
    from_step_ = pixel_step_ * map.pixel_stride + channel_step_ * map.channel_stride;
    to_ = channel_ * row(groups) + group * kTilePixels + pixel_;
    to_step_ = channel_step_ * row(groups) + pixel_step_;
  }

  /// Asks for a tile.
  template <typename Block>
  CAG_KERNELS_DEVICE void load(const Block& block, int tile) {
    if (map_.element == Element::kFloat32)
      load_from(block, static_cast<const float*>(map_.data), tile);
    else
      load_from(block, static_cast<const std::uint16_t*>(map_.data), tile);
  }

  /// Puts what was asked for last into place.
  template <typename Block>
  CAG_KERNELS_DEVICE void store(const Block& block, float* tile) {
    if (map_.element == Element::kBFloat16) {
      CAG_KERNELS_UNROLL
      for (int i = 0; i < kRead; ++i) read_[i] <<= 16;
    } else if (map_.element == Element::kFloat16) {
      CAG_KERNELS_UNROLL
      for (int i = 0; i < kRead; ++i)
        read_[i] = bits_of(block.from_float16(static_cast<std::uint16_t>(read_[i])));
    }
    const int slices = block.opaque(slices_);
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kItems; ++i) {
      const int item = slice_ + i * slices;
      if (item < kItems) {
        float* to = tile + to_ + item * to_step_;
        to[0] = float_of(read_[2 * i]);
        to[kWarp] = float_of(read_[2 * i + 1]);
      }
    }
  }

 private:
  static constexpr int kItems = kChannels;  // of a warp alone, each of two elements per lane
  static constexpr int kRead = 2 * kItems;

  template <typename Block, typename T>
  CAG_KERNELS_DEVICE void load_from(const Block& block, const T* data, int tile) {
    const int slices = block.opaque(slices_);
    const auto first = std::int64_t{tile} * kChannels;
    const int channels =
        static_cast<int>(map_.channels - first < kChannels ? map_.channels - first : kChannels);
    const auto second = kWarp * map_.pixel_stride;
    auto at = from_ + first * map_.channel_stride + slice_ * from_step_;
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kItems; ++i, at += slices * from_step_) {
      const int item = slice_ + i * slices, pixel = pixel_ + item * pixel_step_;
      const bool inside = item < kItems && channel_ + item * channel_step_ < channels;
      read_[2 * i] = inside && pixel < pixels_ ? bits_of(data[at]) : 0;
      read_[2 * i + 1] = inside && pixel + kWarp < pixels_ ? bits_of(data[at + second]) : 0;
    }
  }

  const FeatureMap& map_;
  int slice_, slices_;
  int pixel_, pixel_step_, channel_, channel_step_, pixels_;
  int to_, to_step_;
  std::int64_t from_, from_step_;
  std::uint32_t read_[kRead];
};

}  // namespace cag::kernels::cuda
