#pragma once

#include <spng.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include <cag/data/detail/png_reader.hpp>

namespace cag::detail {

inline bool has_colours(const spng_ihdr& header) {
  return header.color_type == SPNG_COLOR_TYPE_TRUECOLOR;
}

/// [H, W] int32: the samples of the only channel, or of the first.
inline at::Tensor decode_ids(PngReader& reader) {
  const spng_ihdr& header = reader.header();
  const bool colours = has_colours(header);
  const std::vector<std::uint8_t> samples = reader.decode_samples();
  const std::int64_t stride = static_cast<std::int64_t>(samples.size()) / header.height;
  at::Tensor ids = at::empty({header.height, header.width}, at::kInt);
  auto* id = ids.data_ptr<std::int32_t>();
  const int bits = header.bit_depth;
  for (std::int64_t y = 0; y < header.height; ++y) {
    const std::uint8_t* row = samples.data() + y * stride;
    for (std::int64_t x = 0; x < header.width; ++x, ++id) {
      if (bits == 16) {
        std::uint16_t wide = 0;
        std::memcpy(&wide, row + x * (colours ? 6 : 2), 2);
        *id = wide;
      } else {  // 8 / bits samples to a byte, the first in the highest bits
        const std::int64_t first_bit = x * bits;
        *id = row[first_bit / 8] >> (8 - bits - first_bit % 8) & ((1 << bits) - 1);
      }
    }
  }
  return ids;
}

}  // namespace cag::detail
