#pragma once

#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/mutable_feature_map.hpp>

#include "block.hpp"

namespace cag::kernels::cuda {

// How the values of an Element are stored: float widen(block, Stored), Stored narrow(block, float),
// which rounds to the nearest.

struct Float32 {
  using Stored = float;
  template <typename Block>
  CAG_KERNELS_DEVICE static float widen(const Block&, float stored) {
    return stored;
  }
  template <typename Block>
  CAG_KERNELS_DEVICE static float narrow(const Block&, float value) {
    return value;
  }
};

struct BFloat16 {
  using Stored = std::uint16_t;
  template <typename Block>
  CAG_KERNELS_DEVICE static float widen(const Block&, std::uint16_t stored) {
    return float_of(std::uint32_t{stored} << 16);
  }
  template <typename Block>
  CAG_KERNELS_DEVICE static std::uint16_t narrow(const Block&, float value) {
    if (value != value) return 0x7FC0;
    const auto bits = bits_of(value);
    return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
};

struct Float16 {
  using Stored = std::uint16_t;
  template <typename Block>
  CAG_KERNELS_DEVICE static float widen(const Block& block, std::uint16_t stored) {
    return block.from_float16(stored);
  }
  template <typename Block>
  CAG_KERNELS_DEVICE static std::uint16_t narrow(const Block& block, float value) {
    return value != value ? std::uint16_t{0x7E00} : block.to_float16(value);
  }
};

/// Calls with the one of these.
template <typename Call>
CAG_KERNELS_DEVICE void with_element(Element element, Call&& call) {
  switch (element) {
    case Element::kFloat32:
      return call(Float32());
    case Element::kBFloat16:
      return call(BFloat16());
    case Element::kFloat16:
      return call(Float16());
  }
}

/// Calls with something that reads elements of the map: float operator()(int64_t offset).
template <typename Block, typename Call>
CAG_KERNELS_DEVICE void with_reader(const Block& block, const FeatureMap& map, Call&& call) {
  with_element(map.element, [&](auto element) {
    using Stored = typename decltype(element)::Stored;
    call([data = static_cast<const Stored*>(map.data), block, element](std::int64_t at) {
      return element.widen(block, data[at]);
    });
  });
}

constexpr int kFour = 4;

/// How many of four there are where so many are left, which may be fewer than none.
CAG_KERNELS_DEVICE int four_of(std::int64_t left) {
  return left < 0 ? 0 : left < kFour ? static_cast<int>(left) : kFour;
}

/// Neighbours that are read or written at once.
template <typename Stored, int kSize = kFour>
struct alignas(kSize * sizeof(Stored)) Neighbours {
  Stored value[kSize];
};

template <typename E, typename Block>
CAG_KERNELS_DEVICE Four read_four(const Block& block, const typename E::Stored* from) {
  const auto stored = *reinterpret_cast<const Neighbours<typename E::Stored>*>(from);
  Four four;
  CAG_KERNELS_UNROLL
  for (int i = 0; i < kFour; ++i) four.value[i] = E::widen(block, stored.value[i]);
  return four;
}

template <typename E, typename Block>
CAG_KERNELS_DEVICE void write_four(const Block& block, const Four& four, typename E::Stored* to) {
  Neighbours<typename E::Stored> stored;
  CAG_KERNELS_UNROLL
  for (int i = 0; i < kFour; ++i) stored.value[i] = E::narrow(block, four.value[i]);
  *reinterpret_cast<Neighbours<typename E::Stored>*>(to) = stored;
}

/// The first `size` of four, zeros after them.
/// @param whole  whether there are four, that may be read at once
template <typename E, typename Block>
CAG_KERNELS_DEVICE Four read_up_to_four(const Block& block, const typename E::Stored* from,
                                        int size, bool whole) {
  if (whole) return read_four<E>(block, from);
  Four four = {};
  CAG_KERNELS_UNROLL
  for (int i = 0; i < kFour; ++i)
    if (i < size) four.value[i] = E::widen(block, from[i]);
  return four;
}

/// The same, written.
template <typename E, typename Block>
CAG_KERNELS_DEVICE void write_up_to_four(const Block& block, const Four& four,
                                         typename E::Stored* to, int size, bool whole) {
  if (whole) return write_four<E>(block, four, to);
  CAG_KERNELS_UNROLL
  for (int i = 0; i < kFour; ++i)
    if (i < size) to[i] = E::narrow(block, four.value[i]);
}

/// Whether that many neighbours of a map, from any multiple of it on, can be read or written at
/// once.
template <typename Map>
bool lies_in(const Map& map, int neighbours) {
  const auto bytes = static_cast<std::uintptr_t>(neighbours * bytes_of(map.element));
  const auto other = map.pixel_stride == 1 ? map.channel_stride : map.pixel_stride;
  return reinterpret_cast<std::uintptr_t>(map.data) % bytes == 0 && other % neighbours == 0 &&
         map.image_stride % neighbours == 0;
}

template <typename Map>
bool lies_in_fours(const Map& map) {
  return lies_in(map, kFour);
}

}  // namespace cag::kernels::cuda
