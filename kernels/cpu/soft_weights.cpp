#include "soft_weights.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/soft_weights.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "distances-inl.hpp"
#include "exp-inl.hpp"
#include "pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

/// Weighs up to kLanes pixels by their squared distances [anchors, kLanes], which are overwritten.
/// @param weights  of the first pixel in the first category
HWY_ATTR void weigh(const cpu::SoftWeightsJob& job, float* HWY_RESTRICT squared, float* weights,
                    std::int64_t pixels) {
  const auto* owner = job.table.category();
  const auto anchors = job.table.anchors();
  const auto infinity = hn::Set(kFloats, std::numeric_limits<float>::infinity());
  const auto nan = hn::IsNaN(hn::Load(kFloats, squared));
  // The distance of a category takes the place of its first anchor's.
  auto least = infinity;
  for (std::int64_t r = 0; r < anchors;) {
    const auto first = r;
    auto own = hn::Load(kFloats, squared + r * kLanes);
    for (++r; r < anchors && owner[r] == owner[first]; ++r)
      own = hn::Min(own, hn::Load(kFloats, squared + r * kLanes));
    own = hn::Sqrt(own);
    least = hn::Min(least, own);
    hn::Store(own, kFloats, squared + first * kLanes);
  }
  // Finite: 0 · inf would be no weight of the nearest.
  const auto rate =
      hn::Set(kFloats, std::min(1 / job.temperature, std::numeric_limits<float>::max()));
  auto sum = hn::Zero(kFloats);
  for (std::int64_t r = 0; r < anchors; ++r) {
    if (r > 0 && owner[r] == owner[r - 1]) continue;
    const auto away = hn::Sub(least, hn::Load(kFloats, squared + r * kLanes));
    const auto weight = exp_of_negative(hn::Mul(away, rate));
    sum = hn::Add(sum, weight);
    hn::Store(weight, kFloats, squared + r * kLanes);
  }
  const auto sound = hn::AndNot(nan, hn::Lt(least, infinity));
  const auto share = hn::IfThenElse(sound, hn::Div(hn::Set(kFloats, 1.0F), sum),
                                    hn::Set(kFloats, std::numeric_limits<float>::quiet_NaN()));
  for (std::int64_t k = 0, r = 0; k < job.categories; ++k, weights += job.map.pixels) {
    auto weight = hn::Mul(share, hn::Zero(kFloats));
    if (r < anchors && owner[r] == k) {
      weight = hn::Mul(share, hn::Load(kFloats, squared + r * kLanes));
      while (r < anchors && owner[r] == k) ++r;
    }
    if (pixels == kLanes) {
      hn::StoreU(weight, kFloats, weights);
    } else {
      HWY_ALIGN float lanes[kLanes];
      hn::Store(weight, kFloats, lanes);
      std::copy_n(lanes, pixels, weights);
    }
  }
}

template <typename T>
HWY_ATTR void weigh_pixels(const cpu::SoftWeightsJob& job, std::int64_t task) {
  const auto image = task / job.blocks, begin = task % job.blocks * job.block;
  const auto end = std::min(begin + job.block, job.map.pixels);
  HWY_ALIGN float sums[kTile];
  sum_over_channels<Differences, T>(job.map, job.table, image, begin, end, sums);
  for (std::int64_t p = begin; p < end; p += kLanes)
    weigh(job, sums + (p - begin) * job.table.anchors(),
          job.weights + image * job.categories * job.map.pixels + p, std::min(kLanes, end - p));
}

HWY_ATTR void run_soft_weights(const cpu::SoftWeightsJob& job, std::int64_t task) {
  switch (job.map.element) {
    case Element::kFloat32:
      return weigh_pixels<float>(job, task);
    case Element::kBFloat16:
      return weigh_pixels<hwy::bfloat16_t>(job, task);
    case Element::kFloat16:
      return weigh_pixels<hwy::float16_t>(job, task);
  }
}

std::int64_t soft_block(std::int64_t anchors) { return distance_block(anchors); }

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace cag::kernels {

HWY_EXPORT(run_soft_weights);
HWY_EXPORT(soft_block);

std::int64_t cpu::soft_weights_block(std::int64_t anchors) noexcept {
  return HWY_DYNAMIC_DISPATCH(soft_block)(anchors);
}

void cpu::soft_weights_task(const SoftWeightsJob& job, std::int64_t task) noexcept {
  HWY_DYNAMIC_DISPATCH(run_soft_weights)(job, task);
}

}  // namespace cag::kernels

#endif
