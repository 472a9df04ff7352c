// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_LOGITS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_LOGITS_INL
#undef CAG_KERNELS_CPU_LOGITS_INL
#else
#define CAG_KERNELS_CPU_LOGITS_INL
#endif

#include <algorithm>
#include <cstdint>
#include <limits>

#include <hwy/highway.h>

#include "cpu/lanes-inl.hpp"
#include "cpu/pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {
/// The largest logit of each of kLanes pixels, as in torch: the first of equal ones, NaN above all.
struct Largest {
  // An implicit constructor would lack the instruction set, without which ARM's vectors have none.
  HWY_ATTR Largest() {}

  FloatVector value;
  FloatVector second;  ///< the next largest, -inf without one
  IntegerVector category;
};

/// Of N vectors of pixels.
/// @param logits  [channels, N * kLanes], `stride` apart
/// @param ahead   from a logit to the one that is asked for while it is used
template <int N, typename T>
inline HWY_ATTR void find_largest(const T* HWY_RESTRICT logits, std::int64_t stride,
                                  std::int64_t channels, std::int64_t ahead, Largest* out) {
  FloatVector best[N], second[N];
  IntegerVector category[N];
#pragma GCC unroll 8
  for (int v = 0; v < N; ++v) {
    best[v] = load_wide(logits + v * kLanes);
    second[v] = hn::Set(kFloats, -std::numeric_limits<float>::infinity());
    category[v] = hn::Zero(kIntegers);
  }
  for (std::int64_t k = 1; k < channels; ++k) {
    const auto index = hn::Set(kIntegers, static_cast<std::int32_t>(k));
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) {
      const T* from = logits + k * stride + v * kLanes;
      __builtin_prefetch(from + ahead);
      const auto value = load_wide(from);
      const auto above = hn::AndNot(hn::Le(value, best[v]), hn::Eq(best[v], best[v]));
      second[v] = hn::IfThenElse(above, best[v], hn::Max(second[v], value));
      best[v] = hn::IfThenElse(above, value, best[v]);
      category[v] = hn::IfThenElse(hn::RebindMask(kIntegers, above), index, category[v]);
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < N; ++v) {
    out[v].value = best[v];
    out[v].second = second[v];
    out[v].category = category[v];
  }
}

/// Calls `use(first, pixels, logits, stride, largest)` for each vector of an image's pixels from
/// `begin` to `end`.
/// @param packed  [channels, kLanes], to copy to where pixels do not lie side by side
template <typename T, typename Use>
HWY_ATTR void for_each_vector(const FeatureMap& map, std::int64_t image, std::int64_t begin,
                              std::int64_t end, float* packed, const Use& use) {
  // Several at once: planes whose distance is a power of two would drive each other's lines out of
  // the caches before the next vector of them is read.
  constexpr int kVectors = HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64 ? 4 : 2;
  const T* from = static_cast<const T*>(map.data) + image * map.image_stride;
  auto p = begin;
  if (map.pixel_stride == 1) {
    for (; p + kVectors * kLanes <= end; p += kVectors * kLanes) {
      Largest found[kVectors];
      const auto ahead = p + 2 * kVectors * kLanes <= end ? kVectors * kLanes : 0;
      find_largest<kVectors>(from + p, map.channel_stride, map.channels, ahead, found);
      for (int v = 0; v < kVectors; ++v)
        use(p + v * kLanes, kLanes, from + p + v * kLanes, map.channel_stride, found[v]);
    }
  }
  for (; p < end; p += kLanes) {
    const auto pixels = std::min(kLanes, end - p);
    Largest found;
    pack(from + p * map.pixel_stride, map.channel_stride, map.pixel_stride, pixels, map.channels,
         packed);
    find_largest<1>(packed, kLanes, map.channels, 0, &found);
    use(p, pixels, packed, kLanes, found);
  }
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
