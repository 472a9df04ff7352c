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
#include "tiles-inl.hpp"

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

/// Sums of products, those of a vector of pixels [anchors and what fills them up, kLanes] before
/// that of its squares.
struct ProductSums {
  const float* sums;
  std::int64_t row;  ///< of a vector of pixels, in floats
  /// What a squared distance and that of differences are apart at most, as a part of the square of
  /// pixel's and anchor's distances to the centre together.
  float error;
};

/// Sums of n terms are off by n roundings of the sum of the terms' sizes at most: here n of both
/// forms, and some more.
float error_of_products(std::int64_t width) {
  return static_cast<float>(2 * (width + 16)) * 1.02F * 0x1p-24F;
}

/// Tiles sum three products for each. Both parts of a pixel's value leave 2^-15 of it, those of an
/// anchor's 2^-16, and the product of both small parts is at most 2^-16 of all: 2^-14 of what is
/// subtracted twice, and at most a quarter of the square.
float error_of_tiles(std::int64_t width) {
  return (static_cast<float>(3 * (width + 16)) * 0x1p-24F + 0x1p-15F) * 1.02F;
}

/// Labels up to kLanes pixels, if what the sums are off by cannot change an outcome.
/// @return whether it has labelled them
HWY_ATTR bool label_if_clear(const AnchorTable& table, const MarginTest& test,
                             const Assignment& out, const ProductSums& products,
                             std::int64_t vector, std::int64_t at, std::int64_t pixels) {
  const float* HWY_RESTRICT sums = products.sums + vector * products.row;
  const auto zero = hn::Zero(kFloats), two = hn::Set(kFloats, 2.0F);
  const auto square = hn::Load(kFloats, sums + products.row - kLanes);
  const float* squares = table.squares();
  const auto found = find_nearest(table, test, [=](std::int64_t r) HWY_ATTR {
    const auto product = hn::Load(kFloats, sums + r * kLanes);
    return hn::NegMulAdd(two, product, hn::Add(square, hn::Set(kFloats, squares[r])));
  });
  const auto reach = hn::Add(hn::Sqrt(square), hn::Set(kFloats, table.radius()));
  // Of what is smaller than normal numbers nothing may be left.
  const auto lost = std::numeric_limits<float>::min() * 4 * static_cast<float>(table.width());
  const auto error = hn::MulAdd(hn::Mul(reach, reach), hn::Set(kFloats, products.error),
                                hn::MulAdd(reach, hn::Set(kFloats, lost), hn::Set(kFloats, lost)));
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
HWY_ATTR void label_by_differences(const cpu::AssignJob& job, std::int64_t image,
                                   std::int64_t begin, std::int64_t end, float* sums) {
  const auto& table = job.table;
  sum_over_channels<Differences, T>(job.map, table, image, begin, end, sums);
  for (std::int64_t p = begin; p < end; p += kLanes)
    label(table, job.test, job.out, sums + (p - begin) * table.anchors(),
          image * job.map.pixels + p, std::min(kLanes, end - p));
}

template <typename T>
HWY_ATTR ProductSums sum_products(const cpu::AssignJob& job, std::int64_t image, std::int64_t begin,
                                  std::int64_t end, float* sums) {
#ifdef CAG_KERNELS_CPU_TILES
  if (job.tiles) {
    TileSums tiles(job.table, sums);
    tiles.add<T>(job.map, image, begin, end);
    return {sums, tiles.row(), error_of_tiles(job.table.width())};
  }
#endif
  sum_over_channels<Products, T>(job.map, job.table, image, begin, end, sums);
  return {sums, (job.table.anchors() + 1) * kLanes, error_of_products(job.table.width())};
}

template <typename T>
HWY_ATTR void label_by_products(const cpu::AssignJob& job, std::int64_t image, std::int64_t begin,
                                std::int64_t end, float* sums) {
  const auto products = sum_products<T>(job, image, begin, end, sums);
  std::int64_t open[cpu::kAssignBlock], count = 0;
  for (std::int64_t p = begin; p < end; p += kLanes)
    if (!label_if_clear(job.table, job.test, job.out, products, (p - begin) / kLanes,
                        image * job.map.pixels + p, std::min(kLanes, end - p)))
      open[count++] = p;
  // One by one they are read more slowly.
  if (count * kLanes * 4 > end - begin)
    return label_by_differences<T>(job, image, begin, end, sums);
  for (std::int64_t i = 0; i < count; ++i)
    label_by_differences<T>(job, image, open[i], std::min(open[i] + kLanes, end), sums);
}

template <typename T>
HWY_ATTR void assign_pixels(const cpu::AssignJob& job, std::int64_t task) {
  const auto image = task / job.blocks, number = task % job.blocks;
  const auto begin = std::max<std::int64_t>(number * job.block - job.lacking, 0);
  const auto end = std::min((number + 1) * job.block - job.lacking, job.map.pixels);
  HWY_ALIGN float sums[kTile];
  const auto& out = job.out;
  // What is written of distances is summed from differences.
  const bool distances = out.nearest != nullptr || out.second != nullptr || out.gap != nullptr;
  (distances ? &label_by_differences<T> : &label_by_products<T>)(job, image, begin, end, sums);
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
