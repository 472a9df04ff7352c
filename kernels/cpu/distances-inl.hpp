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
#include "tile_anchors.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

// Channels that are read side by side where pixels are: more streams than a core follows are
// slower.
constexpr std::int64_t kChannels = AnchorTable::kBlock;
// Accumulators of a task, in floats: sums x pixels.
constexpr std::int64_t kTile = (AnchorTable::kMaxAnchors + 1) * 16;
// Sums of a vector of pixels, or of a pixel's vectors, that are kept in registers.
constexpr std::int64_t kSums = HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64 ? 24 : 12;

/// What pixels of one channel meet: the value of each anchor there.
struct OneChannel {
  static HWY_ATTR FloatVector at(const float* values) { return hn::Set(kFloats, *values); }
};
/// What channels of one pixel meet: as many values of each anchor.
struct OnePixel {
  static HWY_ATTR FloatVector at(const float* values) { return hn::Load(kFloats, values); }
};

/// sums[k] += (pixel - anchor k)² over channels.
struct Differences {
  using Last = Differences;
  static constexpr int kMore = 0;

  static const float* anchors(const AnchorTable& table) { return table.by_block(); }

  template <typename Side, int N>
  static HWY_ATTR void add(FloatVector pixel, const float*, const float* HWY_RESTRICT anchors,
                           FloatVector (&sum)[N]) {
#pragma GCC unroll 32
    for (int k = 0; k < N; ++k) {
      const auto difference = hn::Sub(pixel, Side::at(anchors + k * AnchorTable::kBlock));
      sum[k] = hn::MulAdd(difference, difference, sum[k]);
    }
  }
};

/// sums[k] += (pixel - centre) · (anchor k - centre) over channels: half the work, where
/// subtraction takes as long as multiplication. The last sum is that of (pixel - centre)².
template <bool kSquare>
struct ProductsOf {
  using Last = ProductsOf<true>;
  static constexpr int kMore = 1;

  static const float* anchors(const AnchorTable& table) { return table.centred_by_block(); }

  template <typename Side, int N>
  static HWY_ATTR void add(FloatVector pixel, const float* centre,
                           const float* HWY_RESTRICT anchors, FloatVector (&sum)[N]) {
    constexpr int kProducts = kSquare ? N - 1 : N;
    pixel = hn::Sub(pixel, Side::at(centre));
#pragma GCC unroll 32
    for (int k = 0; k < kProducts; ++k)
      sum[k] = hn::MulAdd(pixel, Side::at(anchors + k * AnchorTable::kBlock), sum[k]);
    if constexpr (kSquare) sum[N - 1] = hn::MulAdd(pixel, pixel, sum[N - 1]);
  }
};
using Products = ProductsOf<false>;

/// A block of channels, where pixels lie side by side.
template <typename T>
struct Planes {
  const T* pixels;
  std::int64_t stride;
  std::int64_t channels;
  const T* next;         ///< what is asked for while these are used
  const float* centre;   ///< [channels]
  const float* anchors;  ///< as AnchorTable::by_block

  /// N sums of each vector of pixels.
  /// @param row  from one vector's sums to the next one's
  template <typename Form, int N>
  HWY_ATTR void add(std::int64_t first, std::int64_t vectors, std::int64_t row,
                    float* HWY_RESTRICT sums) const {
    for (std::int64_t v = 0; v < vectors; ++v, sums += row) {
      const T* HWY_RESTRICT from = pixels + v * kLanes;
      const auto left = vectors - v;
      const T* ahead = left > kAhead ? from + kAhead * kLanes : next + (kAhead - left) * kLanes;
      const float* HWY_RESTRICT own = anchors + first * AnchorTable::kBlock;
      FloatVector sum[N];
#pragma GCC unroll 32
      for (int k = 0; k < N; ++k) sum[k] = hn::Load(kFloats, sums + k * kLanes);
      for (std::int64_t c = 0; c < channels; ++c) {
        __builtin_prefetch(ahead + c * stride);
        Form::template add<OneChannel>(load_wide(from + c * stride), centre + c, own + c, sum);
      }
#pragma GCC unroll 32
      for (int k = 0; k < N; ++k) hn::Store(sum[k], kFloats, sums + k * kLanes);
    }
  }
  static constexpr std::int64_t kAhead = 8;  // in vectors of pixels
};

/// Pixels up to kLanes, where channels lie side by side.
template <typename T>
struct Rows {
  const T* pixels;
  std::int64_t stride;
  std::int64_t count;
  std::int64_t channels;
  std::int64_t ahead;    ///< from a channel to the one that is asked for while it is used
  const float* centre;   ///< as AnchorTable::centre
  const float* anchors;  ///< as AnchorTable::by_block
  std::int64_t block;    ///< of that, in floats

  /// N sums of each pixel.
  template <typename Form, int N>
  HWY_ATTR void add(std::int64_t first, std::int64_t, std::int64_t,
                    float* HWY_RESTRICT sums) const {
    HWY_ALIGN float parts[N * kLanes * kLanes];
    for (std::int64_t p = 0; p < kLanes; ++p) {
      const T* HWY_RESTRICT from = pixels + std::min(p, count - 1) * stride;
      FloatVector sum[N];
#pragma GCC unroll 32
      for (int k = 0; k < N; ++k) sum[k] = hn::Zero(kFloats);
      const float* HWY_RESTRICT own = anchors + first * AnchorTable::kBlock;
      for (std::int64_t c = 0; c < channels; c += AnchorTable::kBlock, own += block)
        for (std::int64_t i = 0; i < AnchorTable::kBlock && c + i < channels; i += kLanes) {
          __builtin_prefetch(from + c + i + ahead);
          Form::template add<OnePixel>(load_up_to(from + c + i, channels - c - i), centre + c + i,
                                       own + i, sum);
        }
#pragma GCC unroll 32
      for (int k = 0; k < N; ++k) hn::Store(sum[k], kFloats, parts + (k * kLanes + p) * kLanes);
    }
    for (int k = 0; k < N; ++k)
      hn::Store(sum_rows(parts + k * kLanes * kLanes), kFloats, sums + k * kLanes);
  }
};

template <typename Source>
using Add = void (Source::*)(std::int64_t, std::int64_t, std::int64_t, float*) const;

/// By the number of sums, from 1.
template <typename Source, typename Form>
Add<Source> add_of(std::int64_t sums) {
  static constexpr auto kTable = []<int... N>(std::integer_sequence<int, N...>) {
    return std::array<Add<Source>, kSums>{&Source::template add<Form, N + 1>...};
  }
  (std::make_integer_sequence<int, kSums>());
  return kTable[sums - 1];
}

/// All sums of each vector of pixels, in pieces of nearly equal size.
template <typename Form, typename Source>
HWY_ATTR void add_all(const Source& source, std::int64_t anchors, std::int64_t vectors,
                      float* sums) {
  const auto all = anchors + Form::kMore;
  const auto pieces = (all + kSums - 1) / kSums;
  for (std::int64_t i = 0, begin = 0; i < pieces; ++i) {
    const auto size = (all - begin) / (pieces - i);
    const auto add =
        i + 1 < pieces ? add_of<Source, Form>(size) : add_of<Source, typename Form::Last>(size);
    (source.*add)(begin, vectors, all * kLanes, sums + begin * kLanes);
    begin += size;
  }
}

/// Pixels whose sums fit a task's memory.
inline std::int64_t distance_block(std::int64_t anchors) {
  constexpr std::int64_t kMost = 512;
  const auto sums = TileAnchors::tiles(anchors) * TileAnchors::rows(anchors) + 1;
  return std::clamp(kTile / sums / kLanes * kLanes, kLanes, kMost);
}

/// The sums of an image's pixels, from `begin` to `end`: at most a block of them. What comes
/// after them is asked for.
/// @param sums   [vectors of pixels, anchors + Form::kMore, kLanes], room for kTile
template <typename Form, typename T>
HWY_ATTR void sum_over_channels(const FeatureMap& map, const AnchorTable& table, std::int64_t image,
                                std::int64_t begin, std::int64_t end, float* HWY_RESTRICT sums) {
  const auto anchors = table.anchors(), row = anchors + Form::kMore;
  const auto stride = map.channel_stride;
  const T* from = static_cast<const T*>(map.data) + image * map.image_stride;
  if (map.pixel_stride != 1) {
    constexpr std::int64_t kAhead = 4;  // in pixels
    for (auto p = begin; p < end; p += kLanes) {
      const auto ahead = p + kLanes + kAhead <= map.pixels ? kAhead * map.pixel_stride : 0;
      add_all<Form>(Rows<T>{from + p * map.pixel_stride, map.pixel_stride,
                            std::min(kLanes, end - p), map.channels, ahead, table.centre(),
                            Form::anchors(table), anchors * AnchorTable::kBlock},
                    anchors, 1, sums + (p - begin) * row);
    }
    return;
  }
  std::fill_n(sums, (end - begin + kLanes - 1) / kLanes * kLanes * row, 0.0F);
  const auto whole = begin + (end - begin) / kLanes * kLanes;
  HWY_ALIGN float packed[kChannels * kLanes];
  for (std::int64_t c = 0; c < map.channels; c += kChannels) {
    const auto channels = std::min(kChannels, map.channels - c);
    const T* pixels = from + c * stride + begin;
    // Other channels, or the next pixels.
    const T* next = c + channels < map.channels ? pixels + channels * stride
                    : end < map.pixels          ? from + end
                                                : pixels;
    const float* centre = table.centre() + c;
    const float* own = Form::anchors(table) + c * anchors;
    add_all<Form>(Planes<T>{pixels, stride, channels, next, centre, own}, anchors,
                  (whole - begin) / kLanes, sums);
    if (whole == end) continue;
    pack(from + c * stride + whole, stride, 1, end - whole, channels, packed);
    add_all<Form>(Planes<float>{packed, kLanes, channels, packed, centre, own}, anchors, 1,
                  sums + (whole - begin) * row);
  }
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
