// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_DISTANCES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_DISTANCES_INL
#undef CAG_KERNELS_CPU_DISTANCES_INL
#else
#define CAG_KERNELS_CPU_DISTANCES_INL
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <hwy/highway.h>

#include "cag/kernels/anchor_table.hpp"
#include "cag/kernels/feature_map.hpp"
#include "cpu/pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

// Channels that are read side by side. More streams than a core follows are slower.
constexpr std::int64_t kChannels = 16;
// Channels-last pixels are turned in pieces that stay in the first cache.
constexpr std::int64_t kPacked = 128;
// Accumulators of a task, in floats: anchors x pixels.
constexpr std::int64_t kTile = 16384;
// Squared distances of a vector of pixels that are kept in registers.
constexpr std::int64_t kAnchors = HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64 ? 24 : 12;

/// sums[k] += (pixel - anchor k)² over channels, of kLanes pixels and N anchors.
template <int N, typename T>
HWY_ATTR void accumulate(const T* HWY_RESTRICT pixels, std::int64_t stride, std::int64_t channels,
                         const float* HWY_RESTRICT anchors, std::int64_t anchor_stride,
                         float* HWY_RESTRICT sums, const T* next) {
  FloatVector sum[N];
#pragma GCC unroll 32
  for (int k = 0; k < N; ++k) sum[k] = hn::Load(kFloats, sums + k * kLanes);
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto pixel = load_wide(pixels + c * stride);
    if (next != nullptr) __builtin_prefetch(next + c * stride);
    const float* anchor = anchors + c * anchor_stride;
#pragma GCC unroll 32
    for (int k = 0; k < N; ++k) {
      const auto difference = hn::Sub(pixel, hn::Set(kFloats, anchor[k]));
      sum[k] = hn::MulAdd(difference, difference, sum[k]);
    }
  }
#pragma GCC unroll 32
  for (int k = 0; k < N; ++k) hn::Store(sum[k], kFloats, sums + k * kLanes);
}

template <typename T>
using Accumulate = void (*)(const T*, std::int64_t, std::int64_t, const float*, std::int64_t,
                            float*, const T*);

/// By the number of anchors, from 1.
template <typename T>
Accumulate<T> accumulate_of(std::int64_t anchors) {
  static constexpr auto kTable = []<int... N>(std::integer_sequence<int, N...>) {
    return std::array<Accumulate<T>, kAnchors>{&accumulate<N + 1, T>...};
  }
  (std::make_integer_sequence<int, kAnchors>());
  return kTable[anchors - 1];
}

/// The sums of all anchors, in pieces of nearly equal size.
template <typename T>
HWY_ATTR void accumulate_all(const T* pixels, std::int64_t stride, std::int64_t channels,
                             const float* anchors, std::int64_t count, float* sums, const T* next) {
  const auto pieces = (count + kAnchors - 1) / kAnchors;
  for (std::int64_t i = 0, begin = 0; i < pieces; ++i) {
    const auto size = (count - begin) / (pieces - i);
    accumulate_of<T>(size)(pixels, stride, channels, anchors + begin, count, sums + begin * kLanes,
                           next);
    next = nullptr;
    begin += size;
  }
}

/// Pixels whose squared distances fit a task's memory.
inline std::int64_t distance_block(std::int64_t anchors) {
  constexpr std::int64_t kMost = 512;
  return std::clamp(kTile / anchors / kLanes * kLanes, kLanes, kMost);
}

/// Squared distances of an image's pixels, from `begin` to `end`: at most a block of them.
/// @param block  how far the next call's pixels are
/// @param sums   [vectors of pixels, anchors, kLanes], room for kTile
template <typename T>
HWY_ATTR void square_distances(const FeatureMap& map, const AnchorTable& table, std::int64_t image,
                               std::int64_t begin, std::int64_t end, std::int64_t block,
                               float* HWY_RESTRICT sums) {
  const auto anchors = table.anchors();
  const T* from = static_cast<const T*>(map.data) + image * map.image_stride;
  HWY_ALIGN float packed[kPacked * kLanes];
  std::fill_n(sums, (end - begin + kLanes - 1) / kLanes * kLanes * anchors, 0.0F);

  const bool streams = map.pixel_stride == 1;
  // The pixels that fill vectors are read where they are, by groups of channels.
  const auto whole = streams ? begin + (end - begin) / kLanes * kLanes : begin;
  for (std::int64_t c = 0; c < map.channels; c += kChannels) {
    const auto channels = std::min(kChannels, map.channels - c);
    const T* group = from + c * map.channel_stride;
    // What comes next is asked for while this is used: other channels, or the next pixels.
    const bool last = c + channels == map.channels;
    const bool more = !last || end < map.pixels;
    const T* next = last ? from + block : group + channels * map.channel_stride;
    for (std::int64_t p = begin; p < whole; p += kLanes)
      accumulate_all(group + p, map.channel_stride, channels, table.by_channel() + c * anchors,
                     anchors, sums + (p - begin) * anchors, more ? next + p : nullptr);
  }
  // The others through a copy, which has their channels side by side.
  for (std::int64_t p = whole; p < end; p += kLanes) {
    for (std::int64_t c = 0; c < map.channels; c += kPacked) {
      const auto channels = std::min(kPacked, map.channels - c);
      pack(from + c * map.channel_stride + p * map.pixel_stride, map.channel_stride,
           map.pixel_stride, std::min(kLanes, end - p), channels, packed);
      accumulate_all<float>(packed, kLanes, channels, table.by_channel() + c * anchors, anchors,
                            sums + (p - begin) * anchors, nullptr);
    }
  }
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
