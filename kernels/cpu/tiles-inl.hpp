// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_TILES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_TILES_INL
#undef CAG_KERNELS_CPU_TILES_INL
#else
#define CAG_KERNELS_CPU_TILES_INL
#endif

#include <algorithm>
#include <atomic>
#include <cstdint>

#include <hwy/highway.h>

#include "cag/kernels/anchor_table.hpp"
#include "cag/kernels/feature_map.hpp"
#include "cpu/pack-inl.hpp"
#include "tile_anchors.hpp"

#undef CAG_KERNELS_CPU_TILES
#if HWY_ARCH_X86_64 && HWY_TARGET <= HWY_AVX3
#define CAG_KERNELS_CPU_TILES

#include <immintrin.h>

HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",amx-tile,amx-bf16")
namespace cag::kernels::HWY_NAMESPACE {

/// The tile registers (AMX): 0 and 1 hold sums, 2 and 3 the two parts of pixels, 4 and 5 the large
/// parts of anchors of two tiles, 6 and 7 their small ones.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1;
  std::uint8_t start = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t bytes_of_row[16] = {};
  std::uint8_t rows[16] = {};

  struct Shape {
    std::int64_t rows, columns;  // of four bytes each
  };
  TileShapes(Shape sums, Shape pixels, Shape anchors) {
    const Shape shapes[8] = {sums, sums, pixels, pixels, anchors, anchors, anchors, anchors};
    for (int i = 0; i < 8; ++i) {
      rows[i] = static_cast<std::uint8_t>(shapes[i].rows);
      bytes_of_row[i] = static_cast<std::uint16_t>(4 * shapes[i].columns);
    }
  }
};

/// Vectors of pixels by 32 channels in two parts each, the value rounded to bfloat16 and what
/// rounding left: tiles of 16 rows.
struct PixelTiles {
  static constexpr std::int64_t kSize = 16 * kLanes;
  // What was stored takes a while until a tile can load it: so many vectors are split before those
  // before them are multiplied.
  static constexpr int kVectors = 4;

  alignas(64) std::uint32_t large[kVectors * kSize];
  alignas(64) std::uint32_t small[kVectors * kSize];
};

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

/// Two vectors as a row of pairs, `even` in the lower halves.
inline void split(FloatVector even, FloatVector odd, std::uint32_t* HWY_RESTRICT large,
                  std::uint32_t* HWY_RESTRICT small) {
  const hn::RebindToUnsigned<Floats> bits;
  const auto half = hn::Set(bits, 0x8000U), upper = hn::Set(bits, 0xFFFF0000U);
  const auto rounded_even = hn::Add(hn::BitCast(bits, even), half);
  const auto rounded_odd = hn::Add(hn::BitCast(bits, odd), half);
  const auto left_even = hn::Sub(even, hn::BitCast(kFloats, hn::And(rounded_even, upper)));
  const auto left_odd = hn::Sub(odd, hn::BitCast(kFloats, hn::And(rounded_odd, upper)));
  hn::Store(hn::OrAnd(hn::ShiftRight<16>(rounded_even), rounded_odd, upper), bits, large);
  hn::Store(hn::OrAnd(hn::ShiftRight<16>(hn::BitCast(bits, left_even)), hn::BitCast(bits, left_odd),
                      upper),
            bits, small);
}

/// Sums of products of pixels and anchors, both less the centre, without the products of two small
/// parts; and of (pixel - centre)² after the last tile's.
class TileSums {
 public:
  static constexpr std::int64_t kChannels = TileAnchors::kChannels, kHalf = kChannels / 2;

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
  void add(const FeatureMap& map, std::int64_t image, std::int64_t begin, std::int64_t end) {
    const T* from = static_cast<const T*>(map.data) + image * map.image_stride;
    if (map.pixel_stride == 1) {
      const T* next = from + (end < map.pixels ? end : begin);
      add_planes(from + begin, map.channel_stride, end - begin, next);
    } else {
      add_rows(from, map.pixel_stride, begin, end, map.pixels);
    }
    _tile_release();
  }

 private:
  enum Layout { kPlanes, kRows };
  static constexpr int kStreams = 2 * PixelTiles::kVectors, kStreamsOfRows = 4;

  /// @param next  the pixels of the next call
  template <typename T>
  void add_planes(const T* pixels, std::int64_t stride, std::int64_t count, const T* next) {
    const auto vectors = count / kLanes, rest = count % kLanes;
    std::fill_n(sums_, (count + kLanes - 1) / kLanes * row(), 0.0F);
    set_shapes({{anchors_.rows(), kLanes}, {kHalf, kLanes}, {anchors_.rows(), kHalf}});
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
        split_planes<PixelTiles::kVectors>(plane + v * kLanes, stride, ahead, c, sums_at(v));
      for (; v < vectors; ++v) split_planes<1>(plane + v * kLanes, stride, ahead, c, sums_at(v));
      if (rest == 0) continue;
      pack(plane + vectors * kLanes, stride, 1, rest, std::min(kChannels, width_ - c), packed);
      split_planes<1>(packed, kLanes, ahead, c, sums_at(vectors));
    }
    multiply_pending<kPlanes>();
  }

  template <typename T>
  void add_rows(const T* from, std::int64_t stride, std::int64_t begin, std::int64_t end,
                std::int64_t all) {
    set_shapes({{kLanes, anchors_.rows()}, {kLanes, kHalf}, {kHalf, anchors_.rows()}});
    for (auto p = begin; p < end; p += kLanes) {
      const auto v = (p - begin) / kLanes;
      const auto next = p + 2 * kLanes <= all ? p + kLanes : p;
      Ahead<T, kStreamsOfRows> ahead(from + next * stride, kLanes / kStreamsOfRows * stride, stride,
                                     (width_ + kLanes - 1) / kLanes, kLanes / kStreamsOfRows);
      HWY_ALIGN float squares[kLanes * kLanes] = {};
      for (std::int64_t c = 0; c < width_; c += kChannels) {
        split_rows(from + p * stride + c, stride, std::min(kLanes, end - p), c, ahead, squares);
        multiply_later<kRows>(sums_at(v), c, 1);
        if (c == 0 && v > 0) turn(sums_at(v - 1));
      }
      hn::Store(sum_rows(squares), kFloats, sums_at(v) + own_);
    }
    multiply_pending<kRows>();
    turn(sums_at((end - begin - 1) / kLanes));
  }

  float* sums_at(std::int64_t vector) const { return sums_ + vector * row(); }

  /// The compiler does not know what the intrinsics read.
  static void settle_memory() { std::atomic_signal_fence(std::memory_order_seq_cst); }

  void set_shapes(const TileShapes& shapes) {
    settle_memory();
    _tile_loadconfig(&shapes);
    taken_ = -1;
  }

  template <int N, typename T, typename Fetched>
  void split_planes(const T* from, std::int64_t stride, Ahead<Fetched, kStreams>& ahead,
                    std::int64_t first, float* sums) {
    if (first + kChannels <= width_) {
      split_channels<N, true>(from, stride, ahead, first, sums + own_);
    } else {
      split_channels<N, false>(from, stride, ahead, first, sums + own_);
    }
    multiply_later<kPlanes>(sums, first, N);
  }

  /// A channel's values less the centre's; zeros after the last channel.
  template <bool kWhole, typename T>
  FloatVector centred(const T* from, std::int64_t channel) const {
    if (!kWhole && channel >= width_) return hn::Zero(kFloats);
    return hn::Sub(load_wide(from), hn::Set(kFloats, centre_[channel]));
  }

  /// Splits N vectors' rows into parts and adds their squares, and multiplies what is pending.
  template <int N, bool kWhole, typename T, typename Fetched>
  void split_channels(const T* from, std::int64_t stride, Ahead<Fetched, kStreams>& ahead,
                      std::int64_t first, float* squares) {
    constexpr auto kEvery = kChannels / PixelTiles::kVectors;
    auto* HWY_RESTRICT large = parts_[now_].large;
    auto* HWY_RESTRICT small = parts_[now_].small;
    FloatVector evens[N], odds[N];
#pragma GCC unroll 4
    for (int v = 0; v < N; ++v) {
      evens[v] = hn::Load(kFloats, squares + v * row());
      odds[v] = hn::Zero(kFloats);
    }
    for (std::int64_t c = 0; c < kChannels; c += 2) {
#pragma GCC unroll 4
      for (int v = 0; v < N; ++v) {
        const auto offset = c * stride + v * kLanes;
        const auto even = centred<kWhole>(from + offset, first + c);
        const auto odd = centred<kWhole>(from + offset + stride, first + c + 1);
        evens[v] = hn::MulAdd(even, even, evens[v]);
        odds[v] = hn::MulAdd(odd, odd, odds[v]);
        const auto at = v * PixelTiles::kSize + c / 2 * kLanes;
        split(even, odd, large + at, small + at);
      }
      // As many vectors of a channel as are split: kStreams of them in each call.
      if (c % (kStreams / N) == 0) ahead.fetch();
      if (c % kEvery == kEvery - 2) multiply_next<kPlanes>();
    }
#pragma GCC unroll 4
    for (int v = 0; v < N; ++v) hn::Store(hn::Add(evens[v], odds[v]), kFloats, squares + v * row());
  }

  template <typename T>
  void split_rows(const T* pixels, std::int64_t stride, std::int64_t count, std::int64_t first,
                  Ahead<T, kStreamsOfRows>& ahead, float* squares) {
    const auto channels = width_ - first;
    const float* centre = centre_ + first;
    auto& parts = parts_[now_];
    for (std::int64_t p = 0; p < kLanes; ++p) {
      const T* from = pixels + std::min(p, count - 1) * stride;
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
      if (p == kLanes / 2) multiply_next<kRows>();
    }
  }

  template <Layout kLayout>
  void multiply_pending() {
    while (done_ < pending_) multiply_next<kLayout>();
  }

  /// What was split just now, while what comes next is split.
  template <Layout kLayout>
  void multiply_later(float* sums, std::int64_t channels, std::int64_t vectors) {
    multiply_pending<kLayout>();
    pending_sums_ = sums;
    pending_channels_ = channels;
    pending_ = vectors;
    done_ = 0;
    now_ ^= 1;
  }

  template <Layout kLayout>
  void multiply_next() {
    if (done_ == pending_) return;
    if (anchors_.tiles() == 1) {
      multiply<kLayout, false>();
    } else {
      multiply<kLayout, true>();
    }
    ++done_;
  }

  /// @tparam kTwo  tiles at a time
  template <Layout kLayout, bool kTwo>
  void multiply() {
    const auto& parts = parts_[now_ ^ 1];
    const auto* large = parts.large + done_ * PixelTiles::kSize;
    const auto* small = parts.small + done_ * PixelTiles::kSize;
    float* sums = pending_sums_ + done_ * row();
    const auto channels = pending_channels_, tiles = anchors_.tiles();
    const auto size = anchors_.rows() * kLanes;
    settle_memory();
    for (std::int64_t tile = 0; tile < tiles; tile += 2, sums += 2 * size) {
      take_anchors<kLayout, kTwo>(channels, tile);
      _tile_loadd(2, large, kLanes * 4);
      _tile_loadd(3, small, kLanes * 4);
      if constexpr (kLayout == kPlanes) {
        multiply_planes<kTwo>(sums, size);
      } else {
        // They stay where they are if there are no more.
        const bool stay = tiles <= 2;
        multiply_rows<kTwo>(sums, size, channels == 0, !stay && channels > 0,
                            !stay || channels + kChannels >= width_);
      }
    }
    settle_memory();
  }

  template <Layout kLayout, bool kTwo>
  void take_anchors(std::int64_t channels, std::int64_t tile) {
    const auto wanted = channels * anchors_.tiles() + tile;
    if (taken_ == wanted) return;
    taken_ = wanted;
    const auto stride = 4 * (kLayout == kPlanes ? kHalf : anchors_.rows());
    const auto at = [&](int part, std::int64_t of) {
      return kLayout == kPlanes ? anchors_.by_anchor(channels, part, of)
                                : anchors_.by_pair(channels, part, of);
    };
    _tile_loadd(4, at(0, tile), stride);
    _tile_loadd(6, at(1, tile), stride);
    if constexpr (!kTwo) return;
    _tile_loadd(5, at(0, tile + 1), stride);
    _tile_loadd(7, at(1, tile + 1), stride);
  }

  /// Sums are rows of pixels. Those of two tiles do not wait for each other.
  template <bool kTwo>
  void multiply_planes(float* sums, std::int64_t size) {
    constexpr std::int64_t kStride = kLanes * sizeof(float);
    _tile_loadd(0, sums, kStride);
    if constexpr (kTwo) _tile_loadd(1, sums + size, kStride);
    _tile_dpbf16ps(0, 4, 2);
    if constexpr (kTwo) _tile_dpbf16ps(1, 5, 2);
    _tile_dpbf16ps(0, 6, 2);
    if constexpr (kTwo) _tile_dpbf16ps(1, 7, 2);
    _tile_dpbf16ps(0, 4, 3);
    if constexpr (kTwo) _tile_dpbf16ps(1, 5, 3);
    _tile_stored(0, sums, kStride);
    if constexpr (kTwo) _tile_stored(1, sums + size, kStride);
  }

  /// Sums are rows of anchors, until `turn`.
  template <bool kTwo>
  void multiply_rows(float* sums, std::int64_t size, bool clear, bool load, bool store) {
    const auto stride = anchors_.rows() * static_cast<std::int64_t>(sizeof(float));
    if (clear) _tile_zero(0);
    if (kTwo && clear) _tile_zero(1);
    if (load) _tile_loadd(0, sums, stride);
    if (kTwo && load) _tile_loadd(1, sums + size, stride);
    _tile_dpbf16ps(0, 2, 4);
    if constexpr (kTwo) _tile_dpbf16ps(1, 2, 5);
    _tile_dpbf16ps(0, 2, 6);
    if constexpr (kTwo) _tile_dpbf16ps(1, 2, 7);
    _tile_dpbf16ps(0, 3, 4);
    if constexpr (kTwo) _tile_dpbf16ps(1, 3, 5);
    if (store) _tile_stored(0, sums, stride);
    if (kTwo && store) _tile_stored(1, sums + size, stride);
  }

  /// Rows of anchors become rows of pixels.
  void turn(float* sums) {
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
  PixelTiles parts_[2];
  int now_ = 0;
  // Split, and not multiplied yet.
  float* pending_sums_ = nullptr;
  std::int64_t pending_channels_ = 0;
  std::int64_t pending_ = 0;
  std::int64_t done_ = 0;
  std::int64_t taken_ = -1;  // anchors that registers hold
};

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
#endif
