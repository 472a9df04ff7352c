#include "class_sums.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/class_sums.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "pack-inl.hpp"
#include "runs-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

constexpr std::int64_t kTotals = cpu::kClassTotals;
constexpr std::int64_t kMostClasses = 256;  // with kNoClass

// Where pixels lie side by side: pixels of a block, and channels that are read together.
constexpr std::int64_t kBlock = 1024;
constexpr int kStreams = 4;
// Where channels do: pixels whose sums are float32, and vectors of channels kept in registers.
constexpr std::int64_t kRows = 512;
constexpr int kVectors = 8;
constexpr std::int64_t kAhead = 16;

constexpr std::uint16_t kAllLanes = (1U << kLanes) - 1;
static_assert(kLanes <= 16 && kBlock <= 1 << 15);

/// Vectors of pixels that hold a class: several whole ones, or some lanes of one.
struct Entry {
  std::uint16_t vector;
  std::uint16_t vectors;
  std::uint16_t lanes;
  std::uint8_t category;
  std::uint8_t first;  ///< of its vectors' entries
};

/// The entries of a block, class by class.
struct Entries {
  Entry entry[kBlock];
  std::uint16_t end[kMostClasses];  ///< of each class
  std::uint8_t present[kMostClasses];
  std::int64_t classes = 0;  ///< how many are present
  /// The first of each vector that holds a class, in the order of memory.
  std::uint16_t pixel[kBlock / kLanes];
};

HWY_ATTR void find_entries(const std::uint8_t* classes, std::int64_t vectors,
                           std::int64_t categories, Entries& out) {
  Entry found[kBlock];
  std::int64_t size = 0;
  std::uint16_t last[kMostClasses];  // 1 + the entry that a class had last
  std::uint16_t entries[kMostClasses];
  std::fill_n(last, categories, std::uint16_t{0});
  std::fill_n(entries, categories, std::uint16_t{0});
  std::uint16_t* pixel = out.pixel;
  for (std::int64_t v = 0; v < vectors; ++v, classes += kLanes) {
    const auto k = classes[0];
    const bool same = uniform(classes);
    if (same && k == kNoClass) continue;
    *pixel++ = static_cast<std::uint16_t>(v * kLanes);
    if (same) {
      if (size > 0 && found[size - 1].category == k && found[size - 1].lanes == kAllLanes &&
          found[size - 1].vector + found[size - 1].vectors == v) {
        ++found[size - 1].vectors;
        continue;
      }
      found[size++] = {static_cast<std::uint16_t>(v), 1, kAllLanes, k, 1};
      last[k] = static_cast<std::uint16_t>(size);
      ++entries[k];
      continue;
    }
    const auto begin = size;
    for (std::int64_t i = 0; i < kLanes; ++i) {
      const auto own = classes[i];
      if (own == kNoClass) continue;
      if (last[own] <= begin) {
        found[size] = {static_cast<std::uint16_t>(v), 1, 0, own, size == begin};
        last[own] = static_cast<std::uint16_t>(++size);
        ++entries[own];
      }
      found[last[own] - 1].lanes |= static_cast<std::uint16_t>(1U << i);
    }
  }
  out.classes = 0;
  std::uint16_t next[kMostClasses], at = 0;
  for (std::int64_t k = 0; k < categories; ++k) {
    next[k] = at;
    at = static_cast<std::uint16_t>(at + entries[k]);
    out.end[k] = at;
    if (entries[k] != 0) out.present[out.classes++] = static_cast<std::uint8_t>(k);
  }
  for (std::int64_t e = 0; e < size; ++e) out.entry[next[found[e].category]++] = found[e];
}

/// Adds a block's sums of N channels to those of the task. Memory is asked for what is read next
/// in the order in which it lies there, which is faster than that of the classes.
/// @param from   the block's first pixel in the first channel
/// @param ahead  from there to what is read next
/// @param total  of the first channel, [categories, totals]
template <int N, typename T>
HWY_ATTR void add_block(const Entries& entries, const T* HWY_RESTRICT from, std::int64_t stride,
                        std::int64_t ahead, double* HWY_RESTRICT total, std::int64_t totals) {
  const Entry* entry = entries.entry;
  const std::uint16_t* pixel = entries.pixel;
  const auto prefetch = [&] {
    const T* next = from + ahead + *pixel++;
#pragma GCC unroll 16
    for (int c = 0; c < N; ++c) __builtin_prefetch(next + c * stride);
  };
  for (std::int64_t i = 0; i < entries.classes; ++i) {
    const auto k = entries.present[i];
    FloatVector sum[N];
#pragma GCC unroll 16
    for (int c = 0; c < N; ++c) sum[c] = hn::Zero(kFloats);
    for (const Entry* end = entries.entry + entries.end[k]; entry != end; ++entry) {
      const T* pixels = from + entry->vector * kLanes;
      if (entry->lanes == kAllLanes) {
        for (std::int64_t v = 0; v < entry->vectors; ++v, pixels += kLanes) {
          prefetch();
#pragma GCC unroll 16
          for (int c = 0; c < N; ++c) sum[c] = hn::Add(sum[c], load_wide(pixels + c * stride));
        }
        continue;
      }
      std::uint8_t bits[8] = {static_cast<std::uint8_t>(entry->lanes),
                              static_cast<std::uint8_t>(entry->lanes >> 8)};
      const auto mask = hn::LoadMaskBits(kFloats, bits);
      if (entry->first) prefetch();
#pragma GCC unroll 16
      for (int c = 0; c < N; ++c)
        sum[c] = hn::Add(sum[c], hn::IfThenElseZero(mask, load_wide(pixels + c * stride)));
    }
#pragma GCC unroll 16
    for (int c = 0; c < N; ++c)
      total[k * totals + c] += hn::GetLane(hn::SumOfLanes(kFloats, sum[c]));
  }
}

/// Where pixels lie side by side.
template <typename T>
HWY_ATTR void sum_planes(const FeatureMap& map, const T* from, const std::uint8_t* classes,
                         std::int64_t channels, std::int64_t categories, double* total,
                         std::int64_t totals) {
  Entries entries;
  for (std::int64_t p = 0; p < map.pixels; p += kBlock, from += kBlock, classes += kBlock) {
    const auto size = std::min(kBlock, map.pixels - p);
    find_entries(classes, size / kLanes, categories, entries);
    const auto stride = map.channel_stride;
    const bool last = p + 2 * kBlock > map.pixels;
    std::int64_t c = 0;
    for (; c + kStreams <= channels; c += kStreams) {
      // The same pixels of other channels, or the next ones of the first.
      const auto ahead = c + 2 * kStreams <= channels ? kStreams * stride
                         : last                       ? 0
                                                      : kBlock - c * stride;
      add_block<kStreams>(entries, from + c * stride, stride, ahead, total + c, totals);
    }
    for (; c < channels; ++c)
      add_block<1>(entries, from + c * stride, stride, 0, total + c, totals);
    for (std::int64_t i = size / kLanes * kLanes; i < size; ++i)
      if (classes[i] != kNoClass)
        for (c = 0; c < channels; ++c) total[classes[i] * totals + c] += wide(from[c * stride + i]);
  }
}

/// Adds rows of one class to its sums of N vectors of channels.
/// @param ahead  from a row to the one that is asked for while it is used
template <int N, typename T>
HWY_ATTR void add_rows(const T* HWY_RESTRICT from, std::int64_t stride, std::int64_t rows,
                       std::int64_t ahead, float* HWY_RESTRICT sums) {
  FloatVector sum[N];
#pragma GCC unroll 16
  for (int v = 0; v < N; ++v) sum[v] = hn::LoadU(kFloats, sums + v * kLanes);
  for (; rows > 0; --rows, from += stride) {
#pragma GCC unroll 16
    for (int v = 0; v < N; ++v) {
      __builtin_prefetch(from + v * kLanes + ahead);
      sum[v] = hn::Add(sum[v], load_wide(from + v * kLanes));
    }
  }
#pragma GCC unroll 16
  for (int v = 0; v < N; ++v) hn::StoreU(sum[v], kFloats, sums + v * kLanes);
}

/// Where channels lie side by side.
template <typename T>
HWY_ATTR void sum_rows(const FeatureMap& map, const T* from, const std::uint8_t* classes,
                       std::int64_t channels, std::int64_t categories, double* total,
                       std::int64_t totals) {
  HWY_ALIGN float sums[kTotals];
  std::fill_n(sums, kTotals, 0.0F);
  for (std::int64_t block = 0; block < map.pixels; block += kRows) {
    const auto end = std::min(block + kRows, map.pixels);
    bool present[kMostClasses] = {};
    for (std::int64_t p = block; p < end;) {
      const auto begin = p;
      const auto k = classes[p];
      while (p < end && classes[p] == k) ++p;
      if (k == kNoClass) continue;
      present[k] = true;
      const T* rows = from + begin * map.pixel_stride;
      float* own = sums + k * totals;
      const auto ahead = p + kAhead <= map.pixels ? kAhead * map.pixel_stride : 0;
      std::int64_t c = 0;
      for (; c + kVectors * kLanes <= channels; c += kVectors * kLanes)
        add_rows<kVectors>(rows + c, map.pixel_stride, p - begin, ahead, own + c);
      for (; c + kLanes <= channels; c += kLanes)
        add_rows<1>(rows + c, map.pixel_stride, p - begin, ahead, own + c);
      for (; c < channels; ++c)
        for (std::int64_t i = 0; i < p - begin; ++i) own[c] += wide(rows[i * map.pixel_stride + c]);
    }
    for (std::int64_t k = 0; k < categories; ++k) {
      if (!present[k]) continue;
      for (std::int64_t c = 0; c < channels; ++c) {
        total[k * totals + c] += sums[k * totals + c];
        sums[k * totals + c] = 0;
      }
    }
  }
}

template <typename T>
HWY_ATTR void sum_channels(const cpu::ClassSumsJob& job, std::int64_t task) {
  const auto image = task / job.pieces, begin = task % job.pieces * job.channels;
  const auto& map = job.map;
  const auto channels = std::min(job.channels, map.channels - begin);
  const T* from =
      static_cast<const T*>(map.data) + image * map.image_stride + begin * map.channel_stride;
  const std::uint8_t* classes = job.class_map + image * map.pixels;
  double total[kTotals];
  std::fill_n(total, job.categories * channels, 0.0);
  (map.pixel_stride == 1 ? &sum_planes<T> : &sum_rows<T>)(map, from, classes, channels,
                                                          job.categories, total, channels);
  for (std::int64_t k = 0; k < job.categories; ++k)
    std::copy_n(total + k * channels, channels,
                job.sums + (image * job.categories + k) * map.channels + begin);
}

HWY_ATTR void run_class_sums(const cpu::ClassSumsJob& job, std::int64_t task) {
  switch (job.map.element) {
    case Element::kFloat32:
      return sum_channels<float>(job, task);
    case Element::kBFloat16:
      return sum_channels<hwy::bfloat16_t>(job, task);
    case Element::kFloat16:
      return sum_channels<hwy::float16_t>(job, task);
  }
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace cag::kernels {

HWY_EXPORT(run_class_sums);

std::int64_t cpu::class_sums_channels(const FeatureMap& map, std::int64_t categories,
                                      bool alone) noexcept {
  // Whole rows are read faster than parts of them.
  const bool shared = map.images == 1 && !alone;
  const std::int64_t wanted = map.pixel_stride == 1 ? 64 : shared ? 128 : 256;
  return std::min(wanted, kClassTotals / categories / 16 * 16);
}

void cpu::class_sums_task(const ClassSumsJob& job, std::int64_t task) noexcept {
  HWY_DYNAMIC_DISPATCH(run_class_sums)(job, task);
}

}  // namespace cag::kernels

#endif
