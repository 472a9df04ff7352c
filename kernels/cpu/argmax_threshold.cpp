#include "argmax_threshold.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/argmax_threshold.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "exp-inl.hpp"
#include "lanes-inl.hpp"
#include "logits-inl.hpp"
#include "pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

constexpr std::int64_t kMostLogits = 1024;

HWY_ATTR hn::Mask<Floats> is_finite(FloatVector values) {
  return hn::Lt(hn::Abs(values), hn::Set(kFloats, std::numeric_limits<float>::infinity()));
}

/// The probability of the largest logit, NaN where that is not finite.
template <typename T>
HWY_ATTR FloatVector softmax(FloatVector largest, const T* HWY_RESTRICT logits, std::int64_t stride,
                             std::int64_t channels) {
  auto sum = hn::Zero(kFloats);
  for (std::int64_t k = 0; k < channels; ++k)
    sum = hn::Add(sum, exp_of_negative(hn::Sub(load_wide(logits + k * stride), largest)));
  return hn::IfThenElse(is_finite(largest), hn::Div(hn::Set(kFloats, 1.0F), sum),
                        hn::Set(kFloats, std::numeric_limits<float>::quiet_NaN()));
}

/// Labels up to kLanes pixels.
template <typename T>
HWY_ATTR void label_pixels(const cpu::ArgmaxThresholdJob& job, const T* HWY_RESTRICT logits,
                           std::int64_t stride, const Largest& found, std::int64_t at,
                           std::int64_t pixels) {
  const auto channels = job.logits.channels;
  const auto gap = hn::Sub(found.value, found.second);
  auto active = hn::And(hn::Gt(gap, hn::Set(kFloats, job.active_above)), is_finite(found.value));
  const auto decided = hn::Or(active, hn::Lt(gap, hn::Set(kFloats, job.inactive_below)));
  if (job.out.probability != nullptr || !hn::AllTrue(kFloats, decided)) {
    const auto probability = softmax(found.value, logits, stride, channels);
    const auto threshold = hn::Set(kFloats, job.test.threshold);
    active = job.test.strict ? hn::Gt(probability, threshold) : hn::Ge(probability, threshold);
    store_floats(probability, pixels, at, job.out.probability);
  }
  const auto ignore = hn::Set(kIntegers, static_cast<std::int32_t>(job.out.ignore));
  store_wide(hn::IfThenElse(hn::RebindMask(kIntegers, active), found.category, ignore), pixels, at,
             job.out.label);
}

template <typename T>
HWY_ATTR void label_block(const cpu::ArgmaxThresholdJob& job, std::int64_t task) {
  const auto& map = job.logits;
  const auto image = task / job.blocks, begin = task % job.blocks * cpu::kArgmaxBlock;
  const auto end = std::min(begin + cpu::kArgmaxBlock, map.pixels);
  HWY_ALIGN float packed[kMostLogits * kLanes];
  for_each_vector<T>(map, image, begin, end, packed,
                     [&](std::int64_t p, std::int64_t pixels, const auto* logits,
                         std::int64_t stride, const Largest& found) HWY_ATTR {
                       label_pixels(job, logits, stride, found, image * map.pixels + p, pixels);
                     });
}

HWY_ATTR void run_argmax_threshold(const cpu::ArgmaxThresholdJob& job, std::int64_t task) {
  switch (job.logits.element) {
    case Element::kFloat32:
      return label_block<float>(job, task);
    case Element::kBFloat16:
      return label_block<hwy::bfloat16_t>(job, task);
    case Element::kFloat16:
      return label_block<hwy::float16_t>(job, task);
  }
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace cag::kernels {

HWY_EXPORT(run_argmax_threshold);

void cpu::argmax_threshold_task(const ArgmaxThresholdJob& job, std::int64_t task) noexcept {
  HWY_DYNAMIC_DISPATCH(run_argmax_threshold)(job, task);
}

}  // namespace cag::kernels

#endif
