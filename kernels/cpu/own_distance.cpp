#include "own_distance.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/own_distance.cpp"
#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "narrow-inl.hpp"
#include "pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

using Offsets = hn::RebindToSigned<Floats>;
constexpr Offsets kOffsets;

// Channels that are read side by side.
constexpr std::int64_t kGroup = 16;
// Pixels ahead that are asked for, where channels lie side by side.
constexpr std::int64_t kAhead = 8;

/// Where the anchors of a vector of pixels begin, and whether it is one for all.
struct Drawn {
  HWY_ALIGN std::int32_t offset[kLanes];
  bool one;
  bool none;
};

/// The anchor that is the `way`-th of each pixel's class, the last where there are fewer.
HWY_ATTR Drawn drawn_to(const cpu::OwnDistanceJob& job, const std::uint8_t* classes,
                        std::int64_t pixels, std::int64_t way) {
  Drawn drawn{.offset = {}, .one = true, .none = true};
  for (std::int64_t i = 0; i < kLanes; ++i) {
    const auto k = classes[std::min(i, pixels - 1)];
    const std::int64_t count = job.count[k];
    const auto row = count == 0 ? 0 : job.first[k] + std::min(way, count - 1);
    drawn.offset[i] = static_cast<std::int32_t>(row * job.map.channels);
    drawn.one &= k == classes[0];
    drawn.none &= count == 0;
  }
  return drawn;
}

/// sums += (pixel - anchor)² over channels.
/// @param anchors  their first of these channels
template <typename T>
HWY_ATTR void add_squares(const T* HWY_RESTRICT pixels, std::int64_t stride, std::int64_t channels,
                          const float* HWY_RESTRICT anchors, const Drawn& drawn, const T* next,
                          float* sums) {
  auto sum = hn::LoadU(kFloats, sums);
  const auto add = [&](std::int64_t c, FloatVector anchor) HWY_ATTR {
    if (next != nullptr) __builtin_prefetch(next + c * stride);
    const auto difference = hn::Sub(load_wide(pixels + c * stride), anchor);
    sum = hn::MulAdd(difference, difference, sum);
  };
  if (drawn.one) {
    const float* own = anchors + drawn.offset[0];
    for (std::int64_t c = 0; c < channels; ++c) add(c, hn::Set(kFloats, own[c]));
  } else {
    const auto offset = hn::Load(kOffsets, drawn.offset);
    for (std::int64_t c = 0; c < channels; ++c)
      add(c, hn::GatherIndex(kFloats, anchors + c, offset));
  }
  hn::StoreU(sum, kFloats, sums);
}

/// Squared distances [ways, block] where pixels lie side by side.
template <typename T>
HWY_ATTR void measure_planes(const cpu::OwnDistanceJob& job, const T* from,
                             const std::uint8_t* classes, std::int64_t size, bool last,
                             float* sums) {
  const auto stride = job.map.channel_stride, channels = job.map.channels;
  Drawn drawn[cpu::kOwnBlock / kLanes];
  for (std::int64_t way = 0; way < job.most; ++way, sums += job.block) {
    for (std::int64_t p = 0; p < size; p += kLanes)
      drawn[p / kLanes] = drawn_to(job, classes + p, std::min(kLanes, size - p), way);
    for (std::int64_t c = 0; c < channels; c += kGroup) {
      const auto group = std::min(kGroup, channels - c);
      const T* pixels = from + c * stride;
      // What comes next is asked for while this is used: other channels, or the next pixels.
      const bool ends = c + group == channels;
      const T* next = ends ? (last ? nullptr : from + job.block) : pixels + group * stride;
      std::int64_t p = 0;
      for (; p + kLanes <= size; p += kLanes)
        if (!drawn[p / kLanes].none)
          add_squares(pixels + p, stride, group, job.anchors.vectors + c, drawn[p / kLanes],
                      next == nullptr ? nullptr : next + p, sums + p);
      if (p < size && !drawn[p / kLanes].none) {
        HWY_ALIGN float packed[kGroup * kLanes];
        pack(pixels + p, stride, 1, size - p, group, packed);
        add_squares<float>(packed, kLanes, group, job.anchors.vectors + c, drawn[p / kLanes],
                           nullptr, sums + p);
      }
    }
  }
}

/// The same where channels do.
template <typename T>
HWY_ATTR void measure_rows(const cpu::OwnDistanceJob& job, const T* from,
                           const std::uint8_t* classes, std::int64_t size, bool, float* sums) {
  const auto channels = job.map.channels;
  for (std::int64_t p = 0; p < size; ++p, from += job.map.pixel_stride) {
    const auto k = classes[p];
    const auto ahead = p + kAhead < size ? kAhead * job.map.pixel_stride : 0;
    for (std::int64_t way = 0; way < job.count[k]; ++way) {
      const float* anchor = job.anchors.vectors + (job.first[k] + way) * channels;
      auto even = hn::Zero(kFloats), odd = even;
      std::int64_t c = 0;
      for (; c + 2 * kLanes <= channels; c += 2 * kLanes) {
        __builtin_prefetch(from + c + ahead);
        __builtin_prefetch(from + c + kLanes + ahead);
        const auto a = hn::Sub(load_wide(from + c), hn::LoadU(kFloats, anchor + c));
        const auto b =
            hn::Sub(load_wide(from + c + kLanes), hn::LoadU(kFloats, anchor + c + kLanes));
        even = hn::MulAdd(a, a, even);
        odd = hn::MulAdd(b, b, odd);
      }
      auto sum = hn::GetLane(hn::SumOfLanes(kFloats, hn::Add(even, odd)));
      for (; c < channels; ++c) sum += (wide(from[c]) - anchor[c]) * (wide(from[c]) - anchor[c]);
      sums[way * job.block + p] = sum;
    }
  }
}

template <typename T>
HWY_ATTR void measure(const cpu::OwnDistanceJob& job, std::int64_t task) {
  const auto& map = job.map;
  const auto image = task / job.blocks, begin = task % job.blocks * job.block;
  const auto size = std::min(job.block, map.pixels - begin);
  const auto at = image * map.pixels + begin;
  const T* from =
      static_cast<const T*>(map.data) + image * map.image_stride + begin * map.pixel_stride;
  const std::uint8_t* classes = job.classes + at;
  float sums[cpu::kOwnSums];
  std::fill_n(sums, job.most * job.block, 0.0F);
  (map.pixel_stride == 1 ? &measure_planes<T> : &measure_rows<T>)(job, from, classes, size,
                                                                  begin + size == map.pixels, sums);
  for (std::int64_t p = 0; p < size; ++p) {
    const auto k = classes[p];
    std::int64_t nearest = 0;
    for (std::int64_t way = 1; way < job.count[k]; ++way)
      if (sums[way * job.block + p] < sums[nearest * job.block + p]) nearest = way;
    const bool counts = job.count[k] != 0;
    job.distances.nearest[at + p] = counts ? static_cast<std::int32_t>(job.first[k] + nearest) : -1;
    job.distances.distance[at + p] = counts ? std::sqrt(sums[nearest * job.block + p]) : 0;
  }
}

/// Stores one vector of gradients, past the caches or not.
template <bool kStream, typename T>
HWY_ATTR void put(FloatVector values, T* to) {
  if constexpr (kStream) {
    stream(narrow(values, to), to);
  } else {
    store(narrow(values, to), to);
  }
}

/// Where pixels lie side by side: channel by channel.
/// @param weight  of each pixel, zero where it does not count
template <bool kStream, typename T>
HWY_ATTR void draw_planes(const cpu::OwnDistanceJob& job, const T* from, const float* weight,
                          const std::int32_t* nearest, std::int64_t size, T* to) {
  const auto channels = job.map.channels;
  const auto vectors = size / kLanes;
  Drawn drawn[cpu::kOwnBlock / kLanes];
  for (std::int64_t v = 0; v < vectors; ++v) {
    const auto* own = nearest + v * kLanes;
    drawn[v].one = drawn[v].none = true;
    for (std::int64_t i = 0; i < kLanes; ++i) {
      drawn[v].offset[i] = static_cast<std::int32_t>(std::max(own[i], 0) * channels);
      drawn[v].one &= own[i] == own[0];
      drawn[v].none &= own[i] < 0;
    }
  }
  for (std::int64_t c = 0; c < channels;
       ++c, from += job.map.channel_stride, to += job.gradient.channel_stride) {
    const float* anchors = job.anchors.vectors + c;
    const auto ahead = c + 1 < channels ? job.map.channel_stride : 0;
    for (std::int64_t v = 0, p = 0; v < vectors; ++v, p += kLanes) {
      __builtin_prefetch(from + p + ahead);
      if (drawn[v].none) {
        put<kStream>(hn::Zero(kFloats), to + p);
        continue;
      }
      const auto scale = hn::LoadU(kFloats, weight + p);
      if (drawn[v].one) {
        const auto anchor = hn::Set(kFloats, anchors[drawn[v].offset[0]]);
        put<kStream>(hn::Mul(hn::Sub(load_wide(from + p), anchor), scale), to + p);
      } else {
        const auto anchor = hn::GatherIndex(kFloats, anchors, hn::Load(kOffsets, drawn[v].offset));
        // A feature that is not finite stays out where its pixel does not count.
        const auto values = hn::Mul(hn::Sub(load_wide(from + p), anchor), scale);
        const auto counts = hn::Gt(hn::LoadU(kOffsets, nearest + p), hn::Set(kOffsets, -1));
        put<kStream>(hn::IfThenElseZero(hn::RebindMask(kFloats, counts), values), to + p);
      }
    }
    for (auto p = vectors * kLanes; p < size; ++p)
      store_one(
          nearest[p] < 0 ? 0.0F : (wide(from[p]) - anchors[nearest[p] * channels]) * weight[p],
          to + p);
  }
}

/// Where channels do: pixel by pixel.
template <bool kStream, typename T>
HWY_ATTR void draw_rows(const cpu::OwnDistanceJob& job, const T* from, const float* weight,
                        const std::int32_t* nearest, std::int64_t size, T* to) {
  const auto channels = job.map.channels;
  for (std::int64_t p = 0; p < size;
       ++p, from += job.map.pixel_stride, to += job.gradient.pixel_stride) {
    const bool counts = nearest[p] >= 0;
    const float* anchor = job.anchors.vectors + (counts ? nearest[p] * channels : 0);
    const auto scale = hn::Set(kFloats, weight[p]);
    std::int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes)
      put<kStream>(
          counts ? hn::Mul(hn::Sub(load_wide(from + c), hn::LoadU(kFloats, anchor + c)), scale)
                 : hn::Zero(kFloats),
          to + c);
    for (; c < channels; ++c)
      store_one(counts ? (wide(from[c]) - anchor[c]) * weight[p] : 0.0F, to + c);
  }
}

template <typename T>
HWY_ATTR void draw(const cpu::OwnDistanceJob& job, std::int64_t task) {
  const auto& map = job.map;
  const auto& gradient = job.gradient;
  const auto image = task / job.blocks, begin = task % job.blocks * job.block;
  const auto size = std::min(job.block, map.pixels - begin);
  const auto at = image * map.pixels + begin;
  const std::int32_t* nearest = job.distances.nearest + at;
  float weight[cpu::kOwnBlock];
  for (std::int64_t p = 0; p < size; ++p) {
    const auto distance = job.distances.distance[at + p];
    weight[p] = distance == 0 ? 0 : job.scale / distance;
  }
  const bool planes = map.pixel_stride == 1, streams = may_stream<T>(gradient);
  const auto run = planes ? (streams ? &draw_planes<true, T> : &draw_planes<false, T>)
                          : (streams ? &draw_rows<true, T> : &draw_rows<false, T>);
  run(job, static_cast<const T*>(map.data) + image * map.image_stride + begin * map.pixel_stride,
      weight, nearest, size,
      static_cast<T*>(gradient.data) + image * gradient.image_stride +
          begin * gradient.pixel_stride);
  if (streams) hwy::FlushStream();
}

HWY_ATTR void run_own_distance(const cpu::OwnDistanceJob& job, std::int64_t task) {
  switch (job.map.element) {
    case Element::kFloat32:
      return measure<float>(job, task);
    case Element::kBFloat16:
      return measure<hwy::bfloat16_t>(job, task);
    case Element::kFloat16:
      return measure<hwy::float16_t>(job, task);
  }
}

HWY_ATTR void run_own_distance_gradient(const cpu::OwnDistanceJob& job, std::int64_t task) {
  switch (job.map.element) {
    case Element::kFloat32:
      return draw<float>(job, task);
    case Element::kBFloat16:
      return draw<hwy::bfloat16_t>(job, task);
    case Element::kFloat16:
      return draw<hwy::float16_t>(job, task);
  }
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace cag::kernels {

HWY_EXPORT(run_own_distance);
HWY_EXPORT(run_own_distance_gradient);

void cpu::own_distance_task(const OwnDistanceJob& job, std::int64_t task) noexcept {
  HWY_DYNAMIC_DISPATCH(run_own_distance)(job, task);
}

void cpu::own_distance_gradient_task(const OwnDistanceJob& job, std::int64_t task) noexcept {
  HWY_DYNAMIC_DISPATCH(run_own_distance_gradient)(job, task);
}

}  // namespace cag::kernels

#endif
