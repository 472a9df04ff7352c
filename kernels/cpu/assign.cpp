#include "assign.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/assign.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "distances-inl.hpp"
#include "lanes-inl.hpp"
#include "pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

/// The two nearest categories of kLanes pixels.
struct Nearest {
  FloatVector best, second;  ///< squared distances
  FloatVector margin;
  IntegerVector category;
};

/// @param squared_to  of an anchor's index: squared distances to it
template <typename SquaredTo>
HWY_ATTR Nearest find_nearest(const AnchorTable& table, const MarginTest& test,
                              const SquaredTo& squared_to) {
  const auto infinity = hn::Set(kFloats, std::numeric_limits<float>::infinity());
  const auto* owner = table.category();
  Nearest found{infinity, infinity, hn::Set(kFloats, test.margin),
                hn::Set(kIntegers, static_cast<std::int32_t>(owner[0]))};
  for (std::int64_t r = 0; r < table.anchors();) {
    const auto k = owner[r];
    auto own = squared_to(r);
    for (++r; r < table.anchors() && owner[r] == k; ++r) own = hn::Min(own, squared_to(r));
    const auto nearer = hn::Lt(own, found.best);
    found.second = hn::IfThenElse(nearer, found.best, hn::Min(found.second, own));
    found.best = hn::IfThenElse(nearer, own, found.best);
    found.category =
        hn::IfThenElse(hn::RebindMask(kIntegers, nearer),
                       hn::Set(kIntegers, static_cast<std::int32_t>(k)), found.category);
    if (test.margins != nullptr)
      found.margin = hn::IfThenElse(nearer, hn::Set(kFloats, test.margins[k]), found.margin);
  }
  return found;
}

HWY_ATTR void store_labels(const Assignment& out, IntegerVector category, hn::Mask<Floats> active,
                           std::int64_t at, std::int64_t pixels) {
  const auto labels = hn::IfThenElse(hn::RebindMask(kIntegers, active), category,
                                     hn::Set(kIntegers, static_cast<std::int32_t>(out.ignore)));
  store_wide(labels, pixels, at, out.label);
  store_wide(category, pixels, at, out.category);
  store_bytes(labels, pixels, at, out.label_byte);
  store_bytes(category, pixels, at, out.category_byte);
  if (out.abstain != nullptr)
    store_bytes(hn::IfThenZeroElse(hn::RebindMask(kIntegers, active), hn::Set(kIntegers, 1)),
                pixels, at, out.abstain);
}

/// Labels up to kLanes pixels by their squared distances [anchors, kLanes].
HWY_ATTR void label(const AnchorTable& table, const MarginTest& test, const Assignment& out,
                    const float* HWY_RESTRICT squared, std::int64_t at, std::int64_t pixels) {
  const auto infinity = hn::Set(kFloats, std::numeric_limits<float>::infinity());
  const auto found = find_nearest(table, test, [squared](std::int64_t r) HWY_ATTR {
    return hn::Load(kFloats, squared + r * kLanes);
  });
  // A pixel with a NaN has no other distances.
  const auto any = hn::Load(kFloats, squared);
  const auto broken = hn::IsNaN(any);
  const auto best = hn::IfThenElse(broken, any, hn::Sqrt(found.best));
  const auto second = hn::IfThenElse(broken, any, hn::Sqrt(found.second));
  const auto gap = hn::Sub(second, best);
  const auto wide_enough = test.strict ? hn::Gt(gap, found.margin) : hn::Ge(gap, found.margin);
  store_labels(out, found.category, hn::And(wide_enough, hn::Lt(gap, infinity)), at, pixels);
  store_floats(best, pixels, at, out.nearest);
  store_floats(second, pixels, at, out.second);
  store_floats(gap, pixels, at, out.gap);
}

/// The same from sums of products [anchors + 1, kLanes], if rounding cannot change an outcome.
/// @return whether it has labelled them
HWY_ATTR bool label_if_clear(const AnchorTable& table, const MarginTest& test,
                             const Assignment& out, const float* HWY_RESTRICT sums, std::int64_t at,
                             std::int64_t pixels) {
  const auto zero = hn::Zero(kFloats), two = hn::Set(kFloats, 2.0F);
  const auto square = hn::Load(kFloats, sums + table.anchors() * kLanes);
  const float* squares = table.squares();
  const auto found = find_nearest(table, test, [=](std::int64_t r) HWY_ATTR {
    const auto product = hn::Load(kFloats, sums + r * kLanes);
    return hn::NegMulAdd(two, product, hn::Add(square, hn::Set(kFloats, squares[r])));
  });
  // Sums of n terms are off by n roundings of the sum of their sizes at most, which is
  // (|x| + |a|)² here, of this form and of the one of differences; some more roundings follow.
  const auto roundings = static_cast<float>(2 * (table.width() + 16)) * 1.02F * 0x1p-24F;
  const auto smallest = std::numeric_limits<float>::min() * static_cast<float>(table.width());
  const auto reach = hn::Add(hn::Sqrt(square), hn::Set(kFloats, table.radius()));
  const auto error =
      hn::MulAdd(hn::Mul(reach, reach), hn::Set(kFloats, roundings), hn::Set(kFloats, smallest));
  const auto root = [=](FloatVector of) HWY_ATTR { return hn::Sqrt(hn::Max(of, zero)); };
  const auto least = hn::Sub(root(hn::Sub(found.second, error)), root(hn::Add(found.best, error)));
  const auto most = hn::Sub(root(hn::Add(found.second, error)), root(hn::Sub(found.best, error)));
  const auto nearest_is_clear = hn::Gt(least, zero);
  const auto active = hn::And(nearest_is_clear, hn::Gt(least, found.margin));
  auto inactive = hn::Lt(most, found.margin);
  if (test.margins != nullptr || out.category != nullptr || out.category_byte != nullptr)
    inactive = hn::And(inactive, nearest_is_clear);
  // Not where anything is not finite.
  const auto sound = hn::Lt(most, hn::Set(kFloats, std::numeric_limits<float>::infinity()));
  if (!hn::AllTrue(kFloats, hn::And(sound, hn::Or(active, inactive)))) return false;
  store_labels(out, found.category, active, at, pixels);
  return true;
}

template <typename T>
HWY_ATTR void assign_by_differences(const cpu::AssignJob& job, std::int64_t image,
                                    std::int64_t begin, std::int64_t end, float* sums) {
  const auto& [map, table, test, out, block, blocks] = job;
  sum_over_channels<Differences, T>(map, table, image, begin, end, block, sums);
  for (std::int64_t p = begin; p < end; p += kLanes)
    label(table, test, out, sums + (p - begin) * table.anchors(), image * map.pixels + p,
          std::min(kLanes, end - p));
}

template <typename T>
HWY_ATTR void assign_by_products(const cpu::AssignJob& job, std::int64_t image, std::int64_t begin,
                                 std::int64_t end, float* sums) {
  const auto& [map, table, test, out, block, blocks] = job;
  sum_over_channels<Products, T>(map, table, image, begin, end, block, sums);
  const auto row = table.anchors() + 1;
  std::int64_t open[cpu::kAssignBlock], count = 0;
  for (std::int64_t p = begin; p < end; p += kLanes)
    if (!label_if_clear(table, test, out, sums + (p - begin) * row, image * map.pixels + p,
                        std::min(kLanes, end - p)))
      open[count++] = p;
  // One by one they are read more slowly.
  if (count * kLanes * 4 > end - begin)
    return assign_by_differences<T>(job, image, begin, end, sums);
  for (std::int64_t i = 0; i < count; ++i)
    assign_by_differences<T>(job, image, open[i], std::min(open[i] + kLanes, end), sums);
}

template <typename T>
HWY_ATTR void assign_pixels(const cpu::AssignJob& job, std::int64_t task) {
  const auto image = task / job.blocks, begin = task % job.blocks * job.block;
  const auto end = std::min(begin + job.block, job.map.pixels);
  HWY_ALIGN float sums[kTile];
  const auto& out = job.out;
  // What is written of distances is summed from differences.
  const bool distances = out.nearest != nullptr || out.second != nullptr || out.gap != nullptr;
  (distances ? &assign_by_differences<T> : &assign_by_products<T>)(job, image, begin, end, sums);
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
