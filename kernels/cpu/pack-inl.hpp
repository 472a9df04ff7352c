// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_PACK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_PACK_INL
#undef CAG_KERNELS_CPU_PACK_INL
#else
#define CAG_KERNELS_CPU_PACK_INL
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using FloatVector = hn::Vec<Floats>;
constexpr Floats kFloats;
constexpr std::int64_t kLanes = hn::MaxLanes(Floats());

inline HWY_ATTR FloatVector load_wide(const float* from) { return hn::LoadU(kFloats, from); }

template <typename Half>
inline HWY_ATTR FloatVector load_wide(const Half* from) {
  const hn::Rebind<Half, Floats> halves;
  return hn::PromoteTo(kFloats, hn::LoadU(halves, from));
}

/// A vector, of zeros after `size` values.
template <typename T>
inline HWY_ATTR FloatVector load_up_to(const T* from, std::int64_t size) {
  if (size >= kLanes) return load_wide(from);
  T values[kLanes] = {};
  std::copy_n(from, size, values);
  return load_wide(values);
}

inline HWY_ATTR float wide(float value) { return value; }
inline HWY_ATTR float wide(hwy::bfloat16_t value) { return hwy::F32FromBF16(value); }

inline HWY_ATTR float wide(hwy::float16_t value) {
  const hn::Rebind<hwy::float16_t, Floats> halves;
  hwy::float16_t lanes[kLanes] = {value};
  return hn::GetLane(hn::PromoteTo(kFloats, hn::LoadU(halves, lanes)));
}

/// Rows of kLanes floats become columns.
inline HWY_ATTR void transpose([[maybe_unused]] FloatVector (&rows)[kLanes]) {
#if HWY_TARGET != HWY_SCALAR
  const hn::RepartitionToWide<Floats> pairs;
  const auto even = [&](FloatVector a, FloatVector b) HWY_ATTR {
    return hn::BitCast(kFloats,
                       hn::InterleaveLower(pairs, hn::BitCast(pairs, a), hn::BitCast(pairs, b)));
  };
  const auto odd = [&](FloatVector a, FloatVector b) HWY_ATTR {
    return hn::BitCast(kFloats,
                       hn::InterleaveUpper(pairs, hn::BitCast(pairs, a), hn::BitCast(pairs, b)));
  };
  // Within blocks of four.
#pragma GCC unroll 4
  for (int g = 0; g < kLanes; g += 4) {
    const auto low01 = hn::InterleaveLower(kFloats, rows[g], rows[g + 1]);
    const auto high01 = hn::InterleaveUpper(kFloats, rows[g], rows[g + 1]);
    const auto low23 = hn::InterleaveLower(kFloats, rows[g + 2], rows[g + 3]);
    const auto high23 = hn::InterleaveUpper(kFloats, rows[g + 2], rows[g + 3]);
    rows[g] = even(low01, low23);
    rows[g + 1] = odd(low01, low23);
    rows[g + 2] = even(high01, high23);
    rows[g + 3] = odd(high01, high23);
  }
  // The blocks themselves.
  if constexpr (kLanes == 8) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const auto a = rows[j], b = rows[j + 4];
      rows[j] = hn::ConcatLowerLower(kFloats, b, a);
      rows[j + 4] = hn::ConcatUpperUpper(kFloats, b, a);
    }
  } else if constexpr (kLanes == 16) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const auto a = rows[j], b = rows[j + 4], c = rows[j + 8], d = rows[j + 12];
      const auto ab02 = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(b), a);
      const auto ab13 = hn::OddEvenBlocks(b, hn::SwapAdjacentBlocks(a));
      const auto cd02 = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(d), c);
      const auto cd13 = hn::OddEvenBlocks(d, hn::SwapAdjacentBlocks(c));
      rows[j] = hn::ConcatLowerLower(kFloats, cd02, ab02);
      rows[j + 4] = hn::ConcatLowerLower(kFloats, cd13, ab13);
      rows[j + 8] = hn::ConcatUpperUpper(kFloats, cd02, ab02);
      rows[j + 12] = hn::ConcatUpperUpper(kFloats, cd13, ab13);
    }
  }
#endif
}

/// The sums of kLanes rows of as many floats.
inline HWY_ATTR FloatVector sum_rows(const float* HWY_RESTRICT rows) {
  FloatVector row[kLanes];
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) row[i] = hn::Load(kFloats, rows + i * kLanes);
#if HWY_TARGET != HWY_SCALAR
  const hn::RepartitionToWide<Floats> pairs;
  // Within blocks of four: lane i of a block is of row 4 g + i.
#pragma GCC unroll 4
  for (int g = 0; g < kLanes; g += 4) {
    const auto ab = hn::Add(hn::InterleaveLower(kFloats, row[g], row[g + 1]),
                            hn::InterleaveUpper(kFloats, row[g], row[g + 1]));
    const auto cd = hn::Add(hn::InterleaveLower(kFloats, row[g + 2], row[g + 3]),
                            hn::InterleaveUpper(kFloats, row[g + 2], row[g + 3]));
    const auto ab2 = hn::BitCast(pairs, ab), cd2 = hn::BitCast(pairs, cd);
    row[g / 4] = hn::Add(hn::BitCast(kFloats, hn::InterleaveLower(pairs, ab2, cd2)),
                         hn::BitCast(kFloats, hn::InterleaveUpper(pairs, ab2, cd2)));
  }
  // The blocks themselves.
  if constexpr (kLanes == 8) {
    return hn::Add(hn::ConcatLowerLower(kFloats, row[1], row[0]),
                   hn::ConcatUpperUpper(kFloats, row[1], row[0]));
  } else if constexpr (kLanes == 16) {
    const auto ab = hn::Add(hn::OddEvenBlocks(hn::SwapAdjacentBlocks(row[1]), row[0]),
                            hn::OddEvenBlocks(row[1], hn::SwapAdjacentBlocks(row[0])));
    const auto cd = hn::Add(hn::OddEvenBlocks(hn::SwapAdjacentBlocks(row[3]), row[2]),
                            hn::OddEvenBlocks(row[3], hn::SwapAdjacentBlocks(row[2])));
    return hn::Add(hn::ConcatLowerLower(kFloats, cd, ab), hn::ConcatUpperUpper(kFloats, cd, ab));
  }
#endif
  return row[0];
}

/// [channels, kLanes] floats of up to kLanes pixels; lanes beyond the last repeat it.
/// @param from  the first channel of the first pixel
template <typename T>
HWY_ATTR void pack(const T* from, std::int64_t channel_stride, std::int64_t pixel_stride,
                   std::int64_t pixels, std::int64_t channels, float* HWY_RESTRICT packed) {
  if (channel_stride != 1) {
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t i = 0; i < kLanes; ++i)
        packed[c * kLanes + i] =
            wide(from[std::min(i, pixels - 1) * pixel_stride + c * channel_stride]);
    return;
  }
  const auto size = (pixels - 1) * pixel_stride + channels;
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    const auto taken = std::min(kLanes, channels - c);
    FloatVector rows[kLanes];
    // A vector may hold more than what is left of a row, but nothing beyond the last row.
    if (pixels == kLanes && (kLanes - 2) * pixel_stride + c + kLanes <= size) {
      const T* row = from + c;
#pragma GCC unroll 16
      for (int i = 0; i < kLanes - 1; ++i, row += pixel_stride) rows[i] = load_wide(row);
      rows[kLanes - 1] = load_up_to(row, channels - c);
    } else {
      for (std::int64_t i = 0; i < kLanes; ++i) {
        const auto at = std::min(i, pixels - 1) * pixel_stride + c;
        rows[i] = load_up_to(from + at, at + kLanes <= size ? kLanes : taken);
      }
    }
    transpose(rows);
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if (i == taken) break;
      hn::Store(rows[i], kFloats, packed + (c + i) * kLanes);
    }
  }
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
