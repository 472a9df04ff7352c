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
      load_floats(first);
    else
      load_halves(first);
  }

  /// What was asked for last.
  template <typename Block>
  CAG_KERNELS_DEVICE void take(const Block& block, float (&out)[kChannels][kPixels]) const {
    const auto halves = [&](auto&& widen) {
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; ++j) {
          const int by_pixels = c * kPixels + j, by_channels = j * kChannels + c;
          out[c][j] = channels_side_by_side_ ? widen(read_[by_channels / 2], by_channels % 2)
                                             : widen(read_[by_pixels / 2], by_pixels % 2);
        }
      }
    };
    if (map_.element == Element::kFloat32) {
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; ++j) out[c][j] = float_of(read_[c * kPixels + j]);
      }
    } else if (map_.element == Element::kBFloat16) {
      halves([](std::uint32_t two, int which) {
        return float_of(which == 0 ? two << 16 : two & 0xFFFF0000U);
      });
    } else {
      halves([&](std::uint32_t two, int which) {
        return block.from_float16(static_cast<std::uint16_t>(which == 0 ? two : two >> 16));
      });
    }
  }

 private:
  CAG_KERNELS_DEVICE int channels_from(std::int64_t first) const {
    return static_cast<int>(map_.channels - first < kChannels ? map_.channels - first : kChannels);
  }

  CAG_KERNELS_DEVICE void load_floats(std::int64_t first) {
    const auto* const from =
        static_cast<const float*>(map_.data) + from_ + first * map_.channel_stride;
    const int channels = channels_from(first);
    if (whole_ && channels == kChannels && streams_) {
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        const auto side =
            *reinterpret_cast<const Neighbours<float, kPixels>*>(from + c * map_.channel_stride);
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; ++j) read_[c * kPixels + j] = bits_of(side.value[j]);
      }
    } else if (whole_ && channels == kChannels) {
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kPixels; ++j) {
        Neighbours<float> side = {};
        if (j < pixels_)
          side = *reinterpret_cast<const Neighbours<float>*>(from + j * map_.pixel_stride);
        CAG_KERNELS_UNROLL
        for (int c = 0; c < kChannels; ++c) read_[c * kPixels + j] = bits_of(side.value[c]);
      }
    } else {
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; ++j)
          read_[c * kPixels + j] =
              c < channels && j < pixels_
                  ? bits_of(from[c * map_.channel_stride + j * map_.pixel_stride])
                  : 0;
      }
    }
  }

  // Two to a word until they are taken: to part them is to wait for them.
  CAG_KERNELS_DEVICE void load_halves(std::int64_t first) {
    const auto* const from =
        static_cast<const std::uint16_t*>(map_.data) + from_ + first * map_.channel_stride;
    const int channels = channels_from(first);
    channels_side_by_side_ = whole_ && channels == kChannels && !streams_;
    if (channels_side_by_side_) {
      constexpr int kWords = kChannels / 2;
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kPixels; ++j) {
        HalfPairs<kWords> side = {};
        if (j < pixels_)
          side = *reinterpret_cast<const HalfPairs<kWords>*>(from + j * map_.pixel_stride);
        CAG_KERNELS_UNROLL
        for (int i = 0; i < kWords; ++i) read_[j * kWords + i] = side.word[i];
      }
    } else if (whole_ && channels == kChannels) {
      constexpr int kWords = kPixels / 2;
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        const auto side =
            *reinterpret_cast<const HalfPairs<kWords>*>(from + c * map_.channel_stride);
        CAG_KERNELS_UNROLL
        for (int i = 0; i < kWords; ++i) read_[c * kWords + i] = side.word[i];
      }
    } else {
      CAG_KERNELS_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; j += 2) {
          const auto one = [&](int pixel) {
            return c < channels && pixel < pixels_
                       ? bits_of(from[c * map_.channel_stride + pixel * map_.pixel_stride])
                       : 0;
          };
          read_[(c * kPixels + j) / 2] = one(j) | one(j + 1) << 16;
        }
      }
    }
  }

  /// Neighbours, two of a half type in each word.
  template <int kWords>
  struct __attribute__((may_alias, aligned(kWords * sizeof(std::uint32_t)))) HalfPairs {
    std::uint32_t word[kWords];
  };

  const FeatureMap& map_;
  std::int64_t from_;
  int pixels_;
  bool streams_, whole_;
  bool channels_side_by_side_ = false;  ///< in the words of halves
  std::uint32_t read_[kChannels * kPixels];
};

}  // namespace cag::kernels::cuda
