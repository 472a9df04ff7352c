#include "assign.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/assign.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "distances-inl.hpp"
#include "pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

using Integers = hn::RebindToSigned<Floats>;

// The first `pixels` lanes of a vector to `out + at`, unless `out` is null.
inline HWY_ATTR void store_wide(hn::Vec<Integers> values, std::int64_t pixels, std::int64_t at,
                                std::int64_t* out) {
  if (out == nullptr) return;
  HWY_ALIGN std::int32_t lanes[kLanes];
  hn::Store(values, Integers(), lanes);
  std::copy_n(lanes, pixels, out + at);
}

inline HWY_ATTR void store_bytes(hn::Vec<Integers> values, std::int64_t pixels, std::int64_t at,
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

/// Labels up to kLanes pixels by their squared distances [anchors, kLanes].
HWY_ATTR void label(const AnchorTable& table, const MarginTest& test, const Assignment& out,
                    const float* HWY_RESTRICT squared, std::int64_t at, std::int64_t pixels) {
  const Integers integers;
  const auto infinity = hn::Set(kFloats, std::numeric_limits<float>::infinity());
  auto best = infinity, second = infinity, margin = hn::Set(kFloats, test.margin);
  const auto* owner = table.category();
  auto category = hn::Set(integers, static_cast<std::int32_t>(owner[0]));
  for (std::int64_t r = 0; r < table.anchors();) {
    const auto k = owner[r];
    auto own = hn::Load(kFloats, squared + r * kLanes);
    for (++r; r < table.anchors() && owner[r] == k; ++r)
      own = hn::Min(own, hn::Load(kFloats, squared + r * kLanes));
    const auto nearer = hn::Lt(own, best);
    second = hn::IfThenElse(nearer, best, hn::Min(second, own));
    best = hn::IfThenElse(nearer, own, best);
    category = hn::IfThenElse(hn::RebindMask(integers, nearer),
                              hn::Set(integers, static_cast<std::int32_t>(k)), category);
    if (test.margins != nullptr)
      margin = hn::IfThenElse(nearer, hn::Set(kFloats, test.margins[k]), margin);
  }
  // A pixel with a NaN has no other distances.
  const auto any = hn::Load(kFloats, squared);
  const auto broken = hn::IsNaN(any);
  best = hn::IfThenElse(broken, any, hn::Sqrt(best));
  second = hn::IfThenElse(broken, any, hn::Sqrt(second));
  const auto gap = hn::Sub(second, best);
  const auto wide_enough = test.strict ? hn::Gt(gap, margin) : hn::Ge(gap, margin);
  const auto active = hn::And(wide_enough, hn::Lt(gap, infinity));
  const auto labels = hn::IfThenElse(hn::RebindMask(integers, active), category,
                                     hn::Set(integers, static_cast<std::int32_t>(out.ignore)));

  store_wide(labels, pixels, at, out.label);
  store_wide(category, pixels, at, out.category);
  store_bytes(labels, pixels, at, out.label_byte);
  store_bytes(category, pixels, at, out.category_byte);
  if (out.abstain != nullptr)
    store_bytes(hn::IfThenZeroElse(hn::RebindMask(integers, active), hn::Set(integers, 1)), pixels,
                at, out.abstain);
  store_floats(best, pixels, at, out.nearest);
  store_floats(second, pixels, at, out.second);
  store_floats(gap, pixels, at, out.gap);
}

template <typename T>
HWY_ATTR void assign_pixels(const cpu::AssignJob& job, std::int64_t task) {
  const auto& [map, table, test, out, block, blocks] = job;
  const auto image = task / blocks, begin = task % blocks * block;
  const auto end = std::min(begin + block, map.pixels);
  HWY_ALIGN float sums[kTile];
  square_distances<T>(map, table, image, begin, end, block, sums);
  for (std::int64_t p = begin; p < end; p += kLanes)
    label(table, test, out, sums + (p - begin) * table.anchors(), image * map.pixels + p,
          std::min(kLanes, end - p));
}

HWY_ATTR void run_task(const cpu::AssignJob& job, std::int64_t task) {
  switch (job.map.element) {
    case Element::kFloat32:
      return assign_pixels<float>(job, task);
    case Element::kBFloat16:
      return assign_pixels<hwy::bfloat16_t>(job, task);
    case Element::kFloat16:
      return assign_pixels<hwy::float16_t>(job, task);
  }
}

std::int64_t block_of(std::int64_t anchors) { return distance_block(anchors); }

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace cag::kernels {

HWY_EXPORT(run_task);
HWY_EXPORT(block_of);

std::int64_t cpu::assign_block(std::int64_t anchors) noexcept {
  return HWY_DYNAMIC_DISPATCH(block_of)(anchors);
}

void cpu::assign_task(const AssignJob& job, std::int64_t task) noexcept {
  HWY_DYNAMIC_DISPATCH(run_task)(job, task);
}

}  // namespace cag::kernels

#endif
