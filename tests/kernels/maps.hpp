#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <cag/kernels/feature_map.hpp>

namespace cag::kernels::test {

/// A feature map that owns its values, float32 in the order [N, D, P], and can be laid out anew.
struct Map {
  std::int64_t images, channels, pixels;
  std::vector<float> values;

  float at(std::int64_t n, std::int64_t d, std::int64_t p) const {
    return values[(n * channels + d) * pixels + p];
  }
};

/// Values around `offset`, spread by 1.
inline Map random_map(std::int64_t images, std::int64_t channels, std::int64_t pixels,
                      std::uint32_t seed = 1, float offset = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(offset, 1);
  Map map{images, channels, pixels, std::vector<float>(images * channels * pixels)};
  for (auto& value : map.values) value = normal(random);
  return map;
}

inline std::uint16_t to_bfloat16(float value) {
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
}
inline float from_bfloat16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

/// Of normal numbers, towards zero: the test only needs values that a half holds.
inline std::uint16_t to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto exponent = static_cast<int>(bits >> 23 & 255) - 127 + 15;
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
  if (exponent <= 0) return sign;
  return static_cast<std::uint16_t>(sign | exponent << 10 | (bits >> 13 & 1023));
}
inline float from_float16(std::uint16_t half) {
  const int exponent = half >> 10 & 31;
  if (exponent == 0) return 0;
  return std::ldexp(1.0F + static_cast<float>(half & 1023) / 1024, exponent - 15) *
         ((half & 0x8000) != 0 ? -1.0F : 1.0F);
}

/// What a half of a map holds.
inline float held(Element element, std::uint16_t half) {
  return element == Element::kBFloat16 ? from_bfloat16(half) : from_float16(half);
}

enum class Layout { kContiguous, kChannelsLast };

/// The map in memory of a layout and an element, exactly as large as it has to be.
class Stored {
 public:
  Stored(const Map& map, Layout layout, Element element = Element::kFloat32)
      : view_{.element = element,
              .images = map.images,
              .channels = map.channels,
              .pixels = map.pixels,
              .image_stride = map.channels * map.pixels} {
    const bool last = layout == Layout::kChannelsLast;
    view_.channel_stride = last ? 1 : map.pixels;
    view_.pixel_stride = last ? map.channels : 1;
    const auto size = map.values.size();
    element == Element::kFloat32 ? floats_.resize(size) : halves_.resize(size);
    for (std::int64_t n = 0; n < map.images; ++n)
      for (std::int64_t d = 0; d < map.channels; ++d)
        for (std::int64_t p = 0; p < map.pixels; ++p) {
          const auto to =
              n * view_.image_stride + d * view_.channel_stride + p * view_.pixel_stride;
          const auto value = map.at(n, d, p);
          if (element == Element::kFloat32) floats_[to] = value;
          if (element == Element::kBFloat16) halves_[to] = to_bfloat16(value);
          if (element == Element::kFloat16) halves_[to] = to_float16(value);
        }
    view_.data = element == Element::kFloat32 ? static_cast<const void*>(floats_.data())
                                              : static_cast<const void*>(halves_.data());
  }
  Stored(const Stored&) = delete;

  const FeatureMap& view() const { return view_; }

 private:
  std::vector<float> floats_;
  std::vector<std::uint16_t> halves_;
  FeatureMap view_;
};

/// The values that a map of that element holds.
inline Map rounded(Map map, Element element) {
  for (auto& value : map.values) {
    if (element == Element::kBFloat16) value = from_bfloat16(to_bfloat16(value));
    if (element == Element::kFloat16) value = from_float16(to_float16(value));
  }
  return map;
}

}  // namespace cag::kernels::test
