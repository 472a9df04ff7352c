#pragma once

#include <spng.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <cag/data/detail/png_reader.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// [H, W, 3] uint8 of pixels that all have to be opaque; `name` stands for the file in the error.
inline at::Tensor decode_opaque(PngReader& reader, std::string_view name) {
  const auto [width, height] =
      std::pair<std::int64_t, std::int64_t>(reader.header().width, reader.header().height);
  std::vector<std::uint8_t> samples(static_cast<std::size_t>(width * height * 4));
  reader.decode(SPNG_FMT_RGBA8, samples, SPNG_DECODE_TRNS);
  at::Tensor colours = at::empty({height, width, 3}, at::kByte);
  auto* to = colours.mutable_data_ptr<std::uint8_t>();
  const std::uint8_t* from = samples.data();
  for (std::int64_t i = 0; i < width * height; ++i, from += 4) {
    if (from[3] != 255) {
      throw DataError("{}: label that is not opaque at x {}, y {}: expected colours alone", name,
                      i % width, i / width);
    }
    for (int c = 0; c < 3; ++c) *to++ = from[c];
  }
  return colours;
}

}  // namespace cag::detail
