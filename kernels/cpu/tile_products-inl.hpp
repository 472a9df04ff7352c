// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_TILE_PRODUCTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_TILE_PRODUCTS_INL
#undef CAG_KERNELS_CPU_TILE_PRODUCTS_INL
#else
#define CAG_KERNELS_CPU_TILE_PRODUCTS_INL
#endif

#include <atomic>
#include <cstdint>

#include <hwy/highway.h>

#include "cpu/lanes-inl.hpp"
#include "tile_anchors.hpp"

#undef CAG_KERNELS_CPU_TILES
#if HWY_ARCH_X86_64 && HWY_TARGET <= HWY_AVX3
#define CAG_KERNELS_CPU_TILES

#include <immintrin.h>

HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",amx-tile,amx-bf16")
namespace cag::kernels::HWY_NAMESPACE {

/// Whether a tile's rows are channels, of pixels side by side, or pixels.
enum class TileLayout { kPlanes, kRows };

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

using Bits = hn::RebindToUnsigned<Floats>;
constexpr Bits kBits;
constexpr std::uint32_t kUpperHalf = 0xFFFF0000U;

/// The upper halves of two vectors as a row of pairs, those of `even` below those of `odd`.
inline void store_pairs(hn::Vec<Bits> even, hn::Vec<Bits> odd, std::uint32_t* HWY_RESTRICT row) {
  hn::Store(hn::OrAnd(hn::ShiftRight<16>(even), odd, hn::Set(kBits, kUpperHalf)), kBits, row);
}

/// Two vectors in two parts each.
inline void split(FloatVector even, FloatVector odd, std::uint32_t* HWY_RESTRICT large,
                  std::uint32_t* HWY_RESTRICT small) {
  const auto half = hn::Set(kBits, 0x8000U), upper = hn::Set(kBits, kUpperHalf);
  const auto rounded_even = hn::Add(hn::BitCast(kBits, even), half);
  const auto rounded_odd = hn::Add(hn::BitCast(kBits, odd), half);
  const auto left_even = hn::Sub(even, hn::BitCast(kFloats, hn::And(rounded_even, upper)));
  const auto left_odd = hn::Sub(odd, hn::BitCast(kFloats, hn::And(rounded_odd, upper)));
  store_pairs(rounded_even, rounded_odd, large);
  store_pairs(hn::BitCast(kBits, left_even), hn::BitCast(kBits, left_odd), small);
}

/// Adds products of split pixels and anchors, without those of two small parts, in steps: who does
/// other work between them does not wait for the registers, which answer late. Holds all of them
/// while it lives.
template <TileLayout kLayout>
class TileProducts {
 public:
  static constexpr std::int64_t kChannels = TileAnchors::kChannels, kHalf = kChannels / 2;
  /// A vector's channels take so many.
  static constexpr int kSteps = 4;

  /// @param row  floats from the sums of a vector of pixels to those of the next one
  TileProducts(const TileAnchors& anchors, std::int64_t width, std::int64_t row)
      : anchors_(anchors), width_(width), row_(row) {
    const auto rows = anchors.rows();
    const TileShapes shapes = kLayout == TileLayout::kPlanes
                                  ? TileShapes({rows, kLanes}, {kHalf, kLanes}, {rows, kHalf})
                                  : TileShapes({kLanes, rows}, {kLanes, kHalf}, {kHalf, rows});
    settle_memory();
    _tile_loadconfig(&shapes);
  }
  ~TileProducts() { _tile_release(); }
  TileProducts(const TileProducts&) = delete;
  TileProducts& operator=(const TileProducts&) = delete;

  /// Where to split pixels to.
  PixelTiles& parts() { return parts_[now_]; }

  /// Takes what was split to parts(): `vectors` of pixels, from a multiple of kChannels on. Their
  /// steps, kSteps for each, are done before the next call.
  void take(float* sums, std::int64_t channels, std::int64_t vectors) {
    pending_sums_ = sums;
    pending_channels_ = channels;
    pending_ = vectors;
    taken_ = 0;
    now_ ^= 1;
  }

  /// Multiplies what the registers hold; the last step stores the sums and takes the next vector.
  /// That of planes does all of it, which is quicker where sums come and go with each vector.
  HWY_INLINE void step(int number) {
    constexpr bool kAtOnce = kLayout == TileLayout::kPlanes;
    if (number < kSteps - 1) {
      if constexpr (!kAtOnce) multiply_held(number);
      return;
    }
    settle_memory();
    if constexpr (!kAtOnce) store_held();
    if (taken_ < pending_) hold_next();
    if constexpr (kAtOnce) {
      for (int i = 0; i < kSteps - 1; ++i) multiply_held(i);
      store_held();
    }
    settle_memory();
  }

  /// All sums are stored then.
  void finish() {
    while (taken_ < pending_ || sums_ != nullptr)
      for (int i = 0; i < kSteps; ++i) step(i);
  }

 private:
  /// The compiler does not know what the intrinsics read.
  static void settle_memory() { std::atomic_signal_fence(std::memory_order_seq_cst); }

  HWY_INLINE void multiply_held(int parts) {
    if (sums_ == nullptr) return;
    if (anchors_.tiles() == 1) {
      multiply<false>(parts);
    } else {
      multiply<true>(parts);
    }
  }

  void store_held() {
    if (sums_ != nullptr) store_sums();
    sums_ = nullptr;
  }

  /// @param parts  0: both large, 1: the anchors' small ones, 2: the pixels' small ones
  /// @tparam kTwo  tiles at a time, whose sums do not wait for each other
  template <bool kTwo>
  HWY_INLINE void multiply(int parts) {
    if constexpr (kLayout == TileLayout::kPlanes) {
      switch (parts) {
        case 0:
          _tile_dpbf16ps(0, 4, 2);
          if constexpr (kTwo) _tile_dpbf16ps(1, 5, 2);
          return;
        case 1:
          _tile_dpbf16ps(0, 6, 2);
          if constexpr (kTwo) _tile_dpbf16ps(1, 7, 2);
          return;
        default:
          _tile_dpbf16ps(0, 4, 3);
          if constexpr (kTwo) _tile_dpbf16ps(1, 5, 3);
      }
    } else {
      switch (parts) {
        case 0:
          _tile_dpbf16ps(0, 2, 4);
          if constexpr (kTwo) _tile_dpbf16ps(1, 2, 5);
          return;
        case 1:
          _tile_dpbf16ps(0, 2, 6);
          if constexpr (kTwo) _tile_dpbf16ps(1, 2, 7);
          return;
        default:
          _tile_dpbf16ps(0, 3, 4);
          if constexpr (kTwo) _tile_dpbf16ps(1, 3, 5);
      }
    }
  }

  void hold_next() {
    const auto& parts = parts_[now_ ^ 1];
    _tile_loadd(2, parts.large + taken_ * PixelTiles::kSize, kLanes * 4);
    _tile_loadd(3, parts.small + taken_ * PixelTiles::kSize, kLanes * 4);
    sums_ = pending_sums_ + taken_ * row_;
    channels_ = pending_channels_;
    ++taken_;
    // More tiles than the registers hold: all but the last two are done with here.
    std::int64_t tile = 0;
    for (; tile + 2 < anchors_.tiles(); tile += 2) {
      hold_tiles(tile);
      for (int i = 0; i < kSteps - 1; ++i) multiply<true>(i);
      store_sums();
      sums_ += 2 * size_of_tile();
    }
    hold_tiles(tile);
  }

  /// Anchors, and the sums up to now.
  void hold_tiles(std::int64_t tile) {
    hold_anchors(tile);
    if (stay() && channels_ > 0) return;
    if (kLayout == TileLayout::kRows && channels_ == 0) {
      _tile_zero(0);
      _tile_zero(1);
      return;
    }
    _tile_loadd(0, sums_, bytes_of_row());
    if (anchors_.tiles() > 1) _tile_loadd(1, sums_ + size_of_tile(), bytes_of_row());
  }

  void hold_anchors(std::int64_t tile) {
    const auto wanted = channels_ * anchors_.tiles() + tile;
    if (held_ == wanted) return;
    held_ = wanted;
    constexpr bool kPlanes = kLayout == TileLayout::kPlanes;
    const auto stride = 4 * (kPlanes ? kHalf : anchors_.rows());
    const auto at = [&](int part, std::int64_t of) {
      return kPlanes ? anchors_.by_anchor(channels_, part, of)
                     : anchors_.by_pair(channels_, part, of);
    };
    _tile_loadd(4, at(0, tile), stride);
    _tile_loadd(6, at(1, tile), stride);
    if (anchors_.tiles() == 1) return;
    _tile_loadd(5, at(0, tile + 1), stride);
    _tile_loadd(7, at(1, tile + 1), stride);
  }

  void store_sums() {
    if (stay() && channels_ + kChannels < width_) return;
    _tile_stored(0, sums_, bytes_of_row());
    if (anchors_.tiles() > 1) _tile_stored(1, sums_ + size_of_tile(), bytes_of_row());
  }

  /// Whether sums stay in the registers from a vector's channels to its next ones.
  bool stay() const { return kLayout == TileLayout::kRows && anchors_.tiles() <= 2; }

  /// Floats of a tile's sums, and bytes of their rows: of pixels, or of anchors.
  std::int64_t size_of_tile() const { return anchors_.rows() * kLanes; }
  std::int64_t bytes_of_row() const {
    return 4 * (kLayout == TileLayout::kPlanes ? kLanes : anchors_.rows());
  }

  const TileAnchors& anchors_;
  std::int64_t width_;
  std::int64_t row_;
  PixelTiles parts_[2];
  int now_ = 0;
  // Split, and not in the registers yet.
  float* pending_sums_ = nullptr;
  std::int64_t pending_channels_ = 0;
  std::int64_t pending_ = 0;
  std::int64_t taken_ = 0;
  // In the registers.
  float* sums_ = nullptr;
  std::int64_t channels_ = 0;
  std::int64_t held_ = -1;  // anchors
};

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
#endif
