#include "assign.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/assign.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

// Channels that are read side by side. More streams than a core follows are slower.
constexpr std::int64_t kChannels = 16;
// Channels-last pixels are turned in pieces that stay in the first cache.
constexpr std::int64_t kPacked = 128;
// Accumulators of a task, in floats: anchors x pixels.
constexpr std::int64_t kTile = 16384;
// Squared distances of a vector of pixels that are kept in registers.
constexpr std::int64_t kAnchors = HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64 ? 24 : 12;

/// sums[k] += (pixel - anchor k)² over channels, of kLanes pixels and N anchors.
template <int N, typename T>
HWY_ATTR void accumulate(const T* HWY_RESTRICT pixels, std::int64_t stride, std::int64_t channels,
                         const float* HWY_RESTRICT anchors, std::int64_t anchor_stride,
                         float* HWY_RESTRICT sums, const T* next) {
  FloatVector sum[N];
#pragma GCC unroll 32
  for (int k = 0; k < N; ++k) sum[k] = hn::Load(kFloats, sums + k * kLanes);
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto pixel = load_wide(pixels + c * stride);
    if (next != nullptr) __builtin_prefetch(next + c * stride);
    const float* anchor = anchors + c * anchor_stride;
#pragma GCC unroll 32
    for (int k = 0; k < N; ++k) {
      const auto difference = hn::Sub(pixel, hn::Set(kFloats, anchor[k]));
      sum[k] = hn::MulAdd(difference, difference, sum[k]);
    }
  }
#pragma GCC unroll 32
  for (int k = 0; k < N; ++k) hn::Store(sum[k], kFloats, sums + k * kLanes);
}

template <typename T>
using Accumulate = void (*)(const T*, std::int64_t, std::int64_t, const float*, std::int64_t,
                            float*, const T*);

/// By the number of anchors, from 1.
template <typename T>
Accumulate<T> accumulate_of(std::int64_t anchors) {
  static constexpr auto kTable = []<int... N>(std::integer_sequence<int, N...>) {
    return std::array<Accumulate<T>, kAnchors>{&accumulate<N + 1, T>...};
  }
  (std::make_integer_sequence<int, kAnchors>());
  return kTable[anchors - 1];
}

/// The sums of all anchors, in pieces of nearly equal size.
template <typename T>
HWY_ATTR void accumulate_all(const T* pixels, std::int64_t stride, std::int64_t channels,
                             const float* anchors, std::int64_t count, float* sums, const T* next) {
  const auto pieces = (count + kAnchors - 1) / kAnchors;
  for (std::int64_t i = 0, begin = 0; i < pieces; ++i) {
    const auto size = (count - begin) / (pieces - i);
    accumulate_of<T>(size)(pixels, stride, channels, anchors + begin, count, sums + begin * kLanes,
                           next);
    next = nullptr;
    begin += size;
  }
}

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
  const auto anchors = table.anchors();
  const T* from = static_cast<const T*>(map.data) + image * map.image_stride;
  HWY_ALIGN float sums[kTile];
  HWY_ALIGN float packed[kPacked * kLanes];
  std::fill_n(sums, (end - begin + kLanes - 1) / kLanes * kLanes * anchors, 0.0F);

  const bool streams = map.pixel_stride == 1;
  // The pixels that fill vectors are read where they are, by groups of channels.
  const auto whole = streams ? begin + (end - begin) / kLanes * kLanes : begin;
  for (std::int64_t c = 0; c < map.channels; c += kChannels) {
    const auto channels = std::min(kChannels, map.channels - c);
    const T* group = from + c * map.channel_stride;
    // What comes next is asked for while this is used: other channels, or the next pixels.
    const bool last = c + channels == map.channels;
    const bool more = !last || end < map.pixels;
    const T* next = last ? from + block : group + channels * map.channel_stride;
    for (std::int64_t p = begin; p < whole; p += kLanes)
      accumulate_all(group + p, map.channel_stride, channels, table.by_channel() + c * anchors,
                     anchors, sums + (p - begin) * anchors, more ? next + p : nullptr);
  }
  // The others through a copy, which has their channels side by side.
  for (std::int64_t p = whole; p < end; p += kLanes) {
    for (std::int64_t c = 0; c < map.channels; c += kPacked) {
      const auto channels = std::min(kPacked, map.channels - c);
      pack(from + c * map.channel_stride + p * map.pixel_stride, map.channel_stride,
           map.pixel_stride, std::min(kLanes, end - p), channels, packed);
      accumulate_all<float>(packed, kLanes, channels, table.by_channel() + c * anchors, anchors,
                            sums + (p - begin) * anchors, nullptr);
    }
  }
  for (std::int64_t p = begin; p < end; p += kLanes)
    label(table, test, out, sums + (p - begin) * anchors, image * map.pixels + p,
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

std::int64_t block_of(std::int64_t anchors) {
  constexpr std::int64_t kMost = 512;
  return std::clamp(kTile / anchors / kLanes * kLanes, kLanes, kMost);
}

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
