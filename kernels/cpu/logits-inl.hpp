// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_LOGITS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_LOGITS_INL
#undef CAG_KERNELS_CPU_LOGITS_INL
#else
#define CAG_KERNELS_CPU_LOGITS_INL
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

#include "cpu/pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Integers = hn::RebindToSigned<Floats>;
using IntegerVector = hn::Vec<Integers>;
constexpr Integers kIntegers;

/// The largest logit of each of kLanes pixels, as in torch: the first of equal ones, NaN above all.
struct Largest {
  FloatVector value;
  IntegerVector category;
};

/// @param logits  [channels, kLanes], `stride` apart
template <typename T>
HWY_ATTR Largest largest(const T* HWY_RESTRICT logits, std::int64_t stride, std::int64_t channels) {
  auto best = load_wide(logits);
  auto category = hn::Zero(kIntegers);
  for (std::int64_t k = 1; k < channels; ++k) {
    const auto value = load_wide(logits + k * stride);
    const auto above = hn::AndNot(hn::Le(value, best), hn::Eq(best, best));
    best = hn::IfThenElse(above, value, best);
    category = hn::IfThenElse(hn::RebindMask(kIntegers, above),
                              hn::Set(kIntegers, static_cast<std::int32_t>(k)), category);
  }
  return {best, category};
}

/// Of up to kLanes pixels.
/// @param from    the first logit of the first pixel
/// @param packed  [channels, kLanes], to copy to where pixels do not lie side by side
template <typename T>
HWY_ATTR Largest largest(const FeatureMap& map, const T* from, std::int64_t pixels,
                         float* HWY_RESTRICT packed) {
  if (map.pixel_stride == 1 && pixels == kLanes)
    return largest(from, map.channel_stride, map.channels);
  pack(from, map.channel_stride, map.pixel_stride, pixels, map.channels, packed);
  return largest(packed, kLanes, map.channels);
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
