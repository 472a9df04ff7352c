// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_LANES_INL
#undef CAG_KERNELS_CPU_LANES_INL
#else
#define CAG_KERNELS_CPU_LANES_INL
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

#include "cpu/pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

using Integers = hn::RebindToSigned<Floats>;
using IntegerVector = hn::Vec<Integers>;
constexpr Integers kIntegers;

/// The first `pixels` lanes of a vector to `out + at`, unless `out` is null.
inline HWY_ATTR void store_wide(IntegerVector values, std::int64_t pixels, std::int64_t at,
                                std::int64_t* out) {
  if (out == nullptr) return;
  HWY_ALIGN std::int32_t lanes[kLanes];
  hn::Store(values, kIntegers, lanes);
  if (pixels == kLanes) {
    for (std::int64_t i = 0; i < kLanes; ++i) out[at + i] = lanes[i];
  } else {
    std::copy_n(lanes, pixels, out + at);
  }
}

inline HWY_ATTR void store_bytes(IntegerVector values, std::int64_t pixels, std::int64_t at,
                                 std::uint8_t* out) {
  if (out == nullptr) return;
  const hn::Rebind<std::uint8_t, Integers> bytes;
  HWY_ALIGN std::uint8_t lanes[kLanes];
  hn::StoreU(hn::DemoteTo(bytes, values), bytes, lanes);
  std::copy_n(lanes, pixels, out + at);
}

inline HWY_ATTR void store_floats(FloatVector values, std::int64_t pixels, std::int64_t at,
                                  float* out) {
  if (out == nullptr) return;
  HWY_ALIGN float lanes[kLanes];
  hn::Store(values, kFloats, lanes);
  std::copy_n(lanes, pixels, out + at);
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
