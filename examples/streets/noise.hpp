#pragma once

#include <cstdint>

#include "streets/material.hpp"

namespace streets {

/// Smooth noise in about [-0.5, 0.5]; its finest feature is 2^(1 - octaves) wide.
float fractal_noise(const Vec& position, int octaves);

/// In [0, 1), without any order among neighbours.
inline float hash01(std::int32_t x, std::int32_t y, std::uint32_t salt) {
  auto h = static_cast<std::uint32_t>(x) * 0x8da6b343U ^
           static_cast<std::uint32_t>(y) * 0xd8163841U ^ salt * 0xcb1ab31fU;
  h = (h ^ h >> 15) * 0x2c1b3c6dU;
  h = (h ^ h >> 12) * 0x297a2d39U;
  h ^= h >> 15;
  return static_cast<float>(h >> 8) * 0x1p-24F;
}

}  // namespace streets
