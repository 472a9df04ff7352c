#pragma once

#include <cag/kernels/feature_map.hpp>

#include "element.hpp"

namespace cag::kernels::cuda {

/// The features of a lane's pixels, which lie side by side, four channels at a time: asked for
/// first, taken later, when they have arrived.
template <int kPixels>
class FeatureLoader {
 public:
  static constexpr int kChannels = kFour;

  /// @param pixel  the first of the lane's, in its image; may lie beyond the last
  CAG_KERNELS_DEVICE FeatureLoader(const FeatureMap& map, bool fours, std::int64_t image,
                                   std::int64_t pixel)
      : map_(map),
        from_(image * map.image_stride + pixel * map.pixel_stride),
        pixels_(map.pixels <= pixel            ? 0
                : map.pixels - pixel < kPixels ? static_cast<int>(map.pixels - pixel)
                                               : kPixels),
        streams_(map.pixel_stride == 1),
        whole_(fours && (!streams_ || pixels_ == kPixels)) {}

  /// Asks for channels from `first` on: zeros beyond the last.
  CAG_KERNELS_DEVICE void load(std::int64_t first) {
    if (map_.element == Element::kFloat32)
      load_from(static_cast<const float*>(map_.data), first);
    else
      load_from(static_cast<const std::uint16_t*>(map_.data), first);
  }

  /// What was asked for last.
  template <typename Block>
  CAG_KERNELS_DEVICE void take(const Block& block, float (&out)[kChannels][kPixels]) const {
    const auto each = [&](auto&& widen) {
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; ++j) out[c][j] = widen(read_[c][j]);
      }
    };
    if (map_.element == Element::kFloat32)
      each([](std::uint32_t bits) { return float_of(bits); });
    else if (map_.element == Element::kBFloat16)
      each([](std::uint32_t bits) { return float_of(bits << 16); });
    else
      each(
          [&](std::uint32_t bits) { return block.from_float16(static_cast<std::uint16_t>(bits)); });
  }

 private:
  template <typename T>
  CAG_KERNELS_DEVICE void load_from(const T* data, std::int64_t first) {
    const T* const from = data + from_ + first * map_.channel_stride;
    const int channels =
        static_cast<int>(map_.channels - first < kChannels ? map_.channels - first : kChannels);
    if (whole_ && channels == kChannels && streams_) {
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        const auto side =
            *reinterpret_cast<const Neighbours<T, kPixels>*>(from + c * map_.channel_stride);
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; ++j) read_[c][j] = bits_of(side.value[j]);
      }
    } else if (whole_ && channels == kChannels) {
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kPixels; ++j) {
        Neighbours<T> side = {};
        if (j < pixels_)
          side = *reinterpret_cast<const Neighbours<T>*>(from + j * map_.pixel_stride);
        CAG_KERNELS_UNROLL
        for (int c = 0; c < kChannels; ++c) read_[c][j] = bits_of(side.value[c]);
      }
    } else {
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; ++j)
          read_[c][j] = c < channels && j < pixels_
                            ? bits_of(from[c * map_.channel_stride + j * map_.pixel_stride])
                            : 0;
      }
    }
  }

  const FeatureMap& map_;
  std::int64_t from_;
  int pixels_;
  bool streams_, whole_;
  std::uint32_t read_[kChannels][kPixels];
};

}  // namespace cag::kernels::cuda
