// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_NARROW_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_NARROW_INL
#undef CAG_KERNELS_CPU_NARROW_INL
#else
#define CAG_KERNELS_CPU_NARROW_INL
#endif

#include <cstdint>

#include <hwy/highway.h>

#include "cag/kernels/mutable_feature_map.hpp"
#include "cpu/pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::RebindToUnsigned<Floats>;
using Halves = hn::Rebind<std::uint16_t, Floats>;
constexpr Words kWords;
constexpr Halves kHalves;

// What elements are written as: their bits.
inline HWY_ATTR FloatVector narrow(FloatVector values, const float*) { return values; }

/// To the nearest, ties to even; NaN stays NaN.
inline HWY_ATTR hn::Vec<Halves> narrow(FloatVector values, const hwy::bfloat16_t*) {
  const auto bits = hn::BitCast(kWords, values);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(kWords, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(kWords, 0x7fff))));
  const auto nan = hn::RebindMask(kWords, hn::IsNaN(values));
  const auto halves = hn::IfThenElse(nan, hn::Set(kWords, 0x7fc0), rounded);
  return hn::DemoteTo(kHalves, hn::BitCast(hn::RebindToSigned<Floats>(), halves));
}

/// To the nearest, ties to even; NaN stays NaN. Instruction sets without the conversion would round
/// otherwise.
inline HWY_ATTR hn::Vec<Halves> narrow(FloatVector values, const hwy::float16_t*) {
  const auto set = [](std::uint32_t bits) HWY_ATTR { return hn::Set(kWords, bits); };
  const auto magnitude = hn::Abs(values);
  const auto bits = hn::BitCast(kWords, magnitude);
  const auto sign = hn::Sub(hn::BitCast(kWords, values), bits);
  // A normal half: the exponent is shifted, and the fraction rounded.
  const auto odd = hn::And(hn::ShiftRight<13>(bits), set(1));
  const auto normal =
      hn::ShiftRight<13>(hn::Add(hn::Sub(bits, set(112U << 23)), hn::Add(odd, set(0xfff))));
  // A smaller one: an addition rounds it to a multiple of 2⁻²⁴.
  const auto half = hn::Set(kFloats, 0.5F);
  const auto small = hn::Sub(hn::BitCast(kWords, hn::Add(magnitude, half)), set(126U << 23));
  const auto is = [](auto mask) HWY_ATTR { return hn::RebindMask(kWords, mask); };
  auto halves = hn::IfThenElse(is(hn::Lt(magnitude, hn::Set(kFloats, 0x1p-14F))), small, normal);
  halves = hn::IfThenElse(is(hn::Ge(magnitude, hn::Set(kFloats, 65520.0F))), set(0x7c00), halves);
  halves = hn::IfThenElse(is(hn::IsNaN(values)), set(0x7e00), halves);
  halves = hn::Or(halves, hn::ShiftRight<16>(sign));
  return hn::DemoteTo(kHalves, hn::BitCast(hn::RebindToSigned<Floats>(), halves));
}

inline HWY_ATTR void store(FloatVector values, float* to) { hn::StoreU(values, kFloats, to); }
template <typename Half>
inline HWY_ATTR void store(hn::Vec<Halves> values, Half* to) {
  hn::StoreU(values, kHalves, reinterpret_cast<std::uint16_t*>(to));
}

/// Past the caches.
/// @param to  a multiple of the vector's size
inline HWY_ATTR void stream(FloatVector values, float* to) { hn::Stream(values, kFloats, to); }
template <typename Half>
inline HWY_ATTR void stream(hn::Vec<Halves> values, Half* to) {
  hn::Stream(values, kHalves, reinterpret_cast<std::uint16_t*>(to));
}

/// One value.
template <typename T>
inline HWY_ATTR void store_one(float value, T* to) {
  const auto narrowed = narrow(hn::Set(kFloats, value), to);
  if constexpr (sizeof(T) == 4) {
    *to = hn::GetLane(narrowed);
  } else {
    *reinterpret_cast<std::uint16_t*>(to) = hn::GetLane(narrowed);
  }
}

/// Whether vectors that begin at multiples of kLanes pixels (channels) may be streamed, and are
/// many enough that a cache would not keep them.
template <typename T>
bool may_stream(const MutableFeatureMap& map) {
  constexpr std::int64_t kCached = 4 << 20, kVector = kLanes * sizeof(T);
  const auto stride = map.pixel_stride == 1 ? map.channel_stride : map.pixel_stride;
  return map.images * map.channels * map.pixels * sizeof(T) > kCached &&
         reinterpret_cast<std::uintptr_t>(map.data) % kVector == 0 && stride % kLanes == 0 &&
         map.image_stride % kLanes == 0;
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
