// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_TILES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_TILES_INL
#undef CAG_KERNELS_CPU_TILES_INL
#else
#define CAG_KERNELS_CPU_TILES_INL
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

#include "cag/kernels/anchor_table.hpp"
#include "cag/kernels/feature_map.hpp"
#include "cpu/pack-inl.hpp"
#include "cpu/tile_products-inl.hpp"

#ifdef CAG_KERNELS_CPU_TILES

HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",amx-tile,amx-bf16")
namespace cag::kernels::HWY_NAMESPACE {

/// Asks for what is read next: rows of vectors in several streams, one row of each at a time and
/// from its first vector to its last, which memory gives sooner than a little of many rows.
template <typename T, int kStreams>
class Ahead {
 public:
  /// @param apart    elements from a stream to the next one
  /// @param after    elements from a row to the next one of its stream
  /// @param vectors  of a row
  /// @param rows     of a stream; who asks for more gets the last again
  Ahead(const T* from, std::int64_t apart, std::int64_t after, std::int64_t vectors,
        std::int64_t rows)
      : at_(from), apart_(apart), after_(after), vectors_(vectors), left_(vectors), rows_(rows) {}

  /// The next vector of each stream.
  void fetch() {
    constexpr int kToSecondCache = 2;
    constexpr std::int64_t kOfLine = 64 / (kLanes * sizeof(T));
    if ((vectors_ - left_) % kOfLine == 0)
#pragma GCC unroll 8
      for (int i = 0; i < kStreams; ++i) __builtin_prefetch(at_ + i * apart_, 0, kToSecondCache);
    at_ += kLanes;
    if (--left_ > 0) return;
    left_ = vectors_;
    at_ += (--rows_ > 0 ? after_ : 0) - vectors_ * kLanes;
  }

 private:
  const T* at_;
  std::int64_t apart_, after_, vectors_;
  std::int64_t left_;  // vectors of the row
  std::int64_t rows_;
};

/// Sums of products of pixels and anchors, both less the centre, without the products of two small
/// parts; and of (pixel - centre)² after the last tile's.
class TileSums {
 public:
  /// @param sums  [vectors of pixels, anchors in whole tiles + 1, kLanes]
  TileSums(const AnchorTable& table, float* sums)
      : centre_(table.centre()),
        anchors_(*table.tiles()),
        width_(table.width()),
        own_((anchors_.tiles() * anchors_.rows()) * kLanes),
        sums_(sums) {}

  /// Floats of a vector's sums.
  std::int64_t row() const { return own_ + kLanes; }

  /// Of an image's pixels from `begin` to `end`; what comes after them is asked for.
  template <typename T>
  void add(const FeatureMap& map, std::int64_t image, std::int64_t begin, std::int64_t end) const {
    const T* from = static_cast<const T*>(map.data) + image * map.image_stride;
    if (map.pixel_stride == 1) {
      const T* next = from + (end < map.pixels ? end : begin);
      add_planes(from + begin, map.channel_stride, end - begin, next);
    } else {
      add_rows(from, map.pixel_stride, begin, end, map.pixels);
    }
  }

 private:
  using Planes = TileProducts<TileLayout::kPlanes>;
  using Rows = TileProducts<TileLayout::kRows>;
  static constexpr std::int64_t kChannels = TileAnchors::kChannels, kHalf = kChannels / 2;
  static constexpr int kStreams = 2 * PixelTiles::kVectors, kStreamsOfRows = 4;

  /// @param next  the pixels of the next call
  template <typename T>
  void add_planes(const T* pixels, std::int64_t stride, std::int64_t count, const T* next) const {
    const auto vectors = count / kLanes, rest = count % kLanes;
    std::fill_n(sums_, (count + kLanes - 1) / kLanes * row(), 0.0F);
    Planes products(anchors_, width_, row());
    HWY_ALIGN float packed[kChannels * kLanes];
    for (std::int64_t c = 0; c < width_; c += kChannels) {
      const T* plane = pixels + c * stride;
      const bool more = c + kChannels < width_;
      const auto channels = std::min(kChannels, more ? width_ - c - kChannels : width_);
      Ahead<T, kStreams> ahead(more ? plane + kChannels * stride : next, stride, kStreams * stride,
                               std::max<std::int64_t>(vectors, 1),
                               (channels + kStreams - 1) / kStreams);
      std::int64_t v = 0;
      for (; v + PixelTiles::kVectors <= vectors; v += PixelTiles::kVectors)
        split_planes<PixelTiles::kVectors>(plane + v * kLanes, stride, products, ahead, c, v);
      for (; v < vectors; ++v) split_planes<1>(plane + v * kLanes, stride, products, ahead, c, v);
      if (rest == 0) continue;
      pack(plane + vectors * kLanes, stride, 1, rest, std::min(kChannels, width_ - c), packed);
      split_planes<1>(packed, kLanes, products, ahead, c, vectors);
    }
    products.finish();
  }

  template <typename T>
  void add_rows(const T* from, std::int64_t stride, std::int64_t begin, std::int64_t end,
                std::int64_t all) const {
    Rows products(anchors_, width_, row());
    std::int64_t v = 0;
    for (auto p = begin; p < end; p += kLanes, ++v) {
      const auto next = p + 2 * kLanes <= all ? p + kLanes : p;
      Ahead<T, kStreamsOfRows> ahead(from + next * stride, kLanes / kStreamsOfRows * stride, stride,
                                     (width_ + kLanes - 1) / kLanes, kLanes / kStreamsOfRows);
      HWY_ALIGN float squares[kLanes * kLanes] = {};
      for (std::int64_t c = 0; c < width_; c += kChannels) {
        split_rows(from + p * stride + c, stride, std::min(kLanes, end - p), c, products, ahead,
                   squares);
        products.take(sums_at(v), c, 1);
        // Those of the vector before this one are still in the registers.
        if (c == 0 && v > 1) turn(sums_at(v - 2));
      }
      hn::Store(sum_rows(squares), kFloats, sums_at(v) + own_);
    }
    products.finish();
    for (auto left = std::max<std::int64_t>(v - 2, 0); left < v; ++left) turn(sums_at(left));
  }

  float* sums_at(std::int64_t vector) const { return sums_ + vector * row(); }

  template <int N, typename T, typename Fetched>
  void split_planes(const T* from, std::int64_t stride, Planes& products,
                    Ahead<Fetched, kStreams>& ahead, std::int64_t first,
                    std::int64_t vector) const {
    float* squares = sums_at(vector) + own_;
    if (first + kChannels <= width_) {
      split_channels<N, true>(from, stride, products, ahead, first, squares);
    } else {
      split_channels<N, false>(from, stride, products, ahead, first, squares);
    }
    products.take(sums_at(vector), first, N);
  }

  /// Splits N vectors' rows, less the centre's values and zeros after the last channel, into parts
  /// and adds their squares, and multiplies what was split before.
  template <int N, bool kWhole, typename T, typename Fetched>
  void split_channels(const T* from, std::int64_t stride, Planes& products,
                      Ahead<Fetched, kStreams>& ahead, std::int64_t first, float* squares) const {
    constexpr int kSteps = Planes::kSteps;
    static_assert(kHalf == kSteps * PixelTiles::kVectors);
    std::uint32_t* HWY_RESTRICT large = products.parts().large;
    std::uint32_t* HWY_RESTRICT small = products.parts().small;
    const float* HWY_RESTRICT centre = centre_ + first;
    auto left = width_ - first;
    const auto centred = [&](const T* value, int channel) HWY_ATTR {
      if (!kWhole && channel >= left) return hn::Zero(kFloats);
      return hn::Sub(load_wide(value), hn::Set(kFloats, centre[channel]));
    };
    FloatVector evens[N], odds[N];
#pragma GCC unroll 4
    for (int v = 0; v < N; ++v) {
      evens[v] = hn::Load(kFloats, squares + v * row());
      odds[v] = hn::Zero(kFloats);
    }
    for (int vector = 0; vector < PixelTiles::kVectors; ++vector) {
#pragma GCC unroll 4
      for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 4
        for (int v = 0; v < N; ++v) {
          const T* value = from + 2 * i * stride + v * kLanes;
          const auto even = centred(value, 2 * i), odd = centred(value + stride, 2 * i + 1);
          evens[v] = hn::MulAdd(even, even, evens[v]);
          odds[v] = hn::MulAdd(odd, odd, odds[v]);
          const auto at = v * PixelTiles::kSize + i * kLanes;
          split(even, odd, large + at, small + at);
        }
        // As many vectors of a channel as are split: kStreams of them in each call.
        if (2 * i % (kStreams / N) == 0) ahead.fetch();
        products.step(i);
      }
      from += 2 * kSteps * stride;
      centre += 2 * kSteps;
      left -= 2 * kSteps;
      large += kSteps * kLanes;
      small += kSteps * kLanes;
    }
#pragma GCC unroll 4
    for (int v = 0; v < N; ++v) hn::Store(hn::Add(evens[v], odds[v]), kFloats, squares + v * row());
  }

  template <typename T>
  void split_rows(const T* pixels, std::int64_t stride, std::int64_t count, std::int64_t first,
                  Rows& products, Ahead<T, kStreamsOfRows>& ahead, float* squares) const {
    constexpr int kEvery = kLanes / Rows::kSteps;
    const auto channels = width_ - first;
    const float* centre = centre_ + first;
    auto& parts = products.parts();
    for (int p = 0; p < kLanes; ++p) {
      const T* from = pixels + std::min<std::int64_t>(p, count - 1) * stride;
      // As many vectors as are split: kStreamsOfRows of them in each call.
      if (p % 2 == 1) ahead.fetch();
      auto even = hn::Sub(load_up_to(from, channels), hn::Load(kFloats, centre));
      auto odd = hn::Zero(kFloats);
      if (channels > kHalf) {
        odd =
            hn::Sub(load_up_to(from + kHalf, channels - kHalf), hn::Load(kFloats, centre + kHalf));
      }
      float* square = squares + p * kLanes;
      hn::Store(hn::MulAdd(even, even, hn::MulAdd(odd, odd, hn::Load(kFloats, square))), kFloats,
                square);
      split(even, odd, parts.large + p * kLanes, parts.small + p * kLanes);
      if (p % kEvery == kEvery - 1) products.step(p / kEvery);
    }
  }

  /// Rows of anchors become rows of pixels.
  void turn(float* sums) const {
    for (std::int64_t tile = 0; tile < anchors_.tiles(); ++tile) {
      FloatVector rows[kLanes];
      // The last vectors hold what comes after the tile, and there is some.
#pragma GCC unroll 16
      for (int p = 0; p < kLanes; ++p) rows[p] = hn::LoadU(kFloats, sums + p * anchors_.rows());
      transpose(rows);
#pragma GCC unroll 16
      for (int r = 0; r < kLanes; ++r)
        if (r < anchors_.rows()) hn::Store(rows[r], kFloats, sums + r * kLanes);
      sums += anchors_.rows() * kLanes;
    }
  }

  const float* centre_;
  const TileAnchors& anchors_;
  std::int64_t width_;
  std::int64_t own_;  // floats of a vector's products
  float* sums_;
};

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
#endif
