#include "scatter.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/scatter.cpp"
#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "narrow-inl.hpp"
#include "pack-inl.hpp"
#include "runs-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

using Index = hn::RebindToSigned<Floats>;
constexpr Index kIndex;

// Vectors that a lookup selects from: more are gathered from memory.
constexpr int kTables = 4;
constexpr std::int64_t kRow = 256 + kTables * kLanes;

/// One channel's values by category. Beyond the last category it is zero.
struct Row {
  HWY_ALIGN float value[kRow];
  int tables;  ///< vectors that hold it, 0: too many

  HWY_ATTR FloatVector at(const std::int32_t* categories) const {
    const auto index = hn::LoadU(kIndex, categories);
#if HWY_TARGET != HWY_SCALAR
    if (tables != 0) {
      const auto within = hn::IndicesFromVec(kFloats, hn::And(index, hn::Set(kIndex, kLanes - 1)));
      auto values = hn::TableLookupLanes(hn::Load(kFloats, value), within);
      for (int t = 1; t < tables; ++t) {
        const auto here = hn::Gt(index, hn::Set(kIndex, static_cast<std::int32_t>(t * kLanes - 1)));
        values = hn::IfThenElse(hn::RebindMask(kFloats, here),
                                hn::TableLookupLanes(hn::Load(kFloats, value + t * kLanes), within),
                                values);
      }
      return values;
    }
#endif
    return hn::GatherIndex(kFloats, value, index);
  }
};

/// Where pixels lie side by side: channel by channel.
template <bool kStream, typename T>
HWY_ATTR void scatter_planes(const cpu::ScatterJob& job, const float* rows,
                             const std::uint8_t* classes, std::int64_t pixels, T* to) {
  constexpr auto put = [](auto values, T* at) HWY_ATTR {
    if constexpr (kStream) {
      stream(values, at);
    } else {
      store(values, at);
    }
  };
  Run runs[cpu::kScatterBlock / kLanes];
  const auto vectors = pixels / kLanes;
  const auto count = find_runs(classes, vectors, runs);
  const auto categories = job.categories;
  std::int32_t index[cpu::kScatterBlock];
  for (std::int64_t i = 0; i < pixels; ++i)
    index[i] = classes[i] == kNoClass ? static_cast<std::int32_t>(categories) : classes[i];
  Row row;
  std::fill_n(row.value, kRow, 0.0F);
  const auto tables = categories / kLanes + 1;
  row.tables = tables <= kTables ? static_cast<int>(tables) : 0;

  for (std::int64_t c = 0; c < job.map.channels; ++c, to += job.map.channel_stride) {
    for (std::int64_t k = 0; k < categories; ++k) row.value[k] = rows[k * job.map.channels + c];
    for (const Run* run = runs; run != runs + count; ++run) {
      if (run->category == Run::kMixed) {
        for (std::int64_t v = run->begin; v < run->end; ++v)
          put(narrow(row.at(index + v * kLanes), to), to + v * kLanes);
      } else {
        const auto values = narrow(hn::Set(kFloats, row.value[index[run->begin * kLanes]]), to);
        for (std::int64_t v = run->begin; v < run->end; ++v) put(values, to + v * kLanes);
      }
    }
    for (std::int64_t i = vectors * kLanes; i < pixels; ++i) store_one(row.value[index[i]], to + i);
  }
}

/// Where channels do: pixel by pixel.
template <bool kStream, typename T>
HWY_ATTR void scatter_rows(const cpu::ScatterJob& job, const float* rows,
                           const std::uint8_t* classes, std::int64_t pixels, T* to) {
  const auto channels = job.map.channels;
  for (std::int64_t i = 0; i < pixels; ++i, to += job.map.pixel_stride) {
    const bool counts = classes[i] != kNoClass;
    const float* row = rows + (counts ? classes[i] * channels : 0);
    std::int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) {
      const auto values = narrow(counts ? hn::LoadU(kFloats, row + c) : hn::Zero(kFloats), to);
      if constexpr (kStream) {
        stream(values, to + c);
      } else {
        store(values, to + c);
      }
    }
    for (; c < channels; ++c) store_one(counts ? row[c] : 0.0F, to + c);
  }
}

template <typename T>
HWY_ATTR void scatter_pixels(const cpu::ScatterJob& job, std::int64_t task) {
  const auto& map = job.map;
  const auto image = task / job.blocks, begin = task % job.blocks * cpu::kScatterBlock;
  const auto pixels = std::min(cpu::kScatterBlock, map.pixels - begin);
  const auto planes = map.pixel_stride == 1;
  const auto streams = may_stream<T>(map);
  const auto run = planes ? (streams ? &scatter_planes<true, T> : &scatter_planes<false, T>)
                          : (streams ? &scatter_rows<true, T> : &scatter_rows<false, T>);
  run(job, job.rows + image * job.categories * map.channels,
      job.classes + image * map.pixels + begin, pixels,
      static_cast<T*>(map.data) + image * map.image_stride + begin * map.pixel_stride);
  if (streams) hwy::FlushStream();
}

HWY_ATTR void run_scatter(const cpu::ScatterJob& job, std::int64_t task) {
  switch (job.map.element) {
    case Element::kFloat32:
      return scatter_pixels<float>(job, task);
    case Element::kBFloat16:
      return scatter_pixels<hwy::bfloat16_t>(job, task);
    case Element::kFloat16:
      return scatter_pixels<hwy::float16_t>(job, task);
  }
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace cag::kernels {

HWY_EXPORT(run_scatter);

void cpu::scatter_task(const ScatterJob& job, std::int64_t task) noexcept {
  HWY_DYNAMIC_DISPATCH(run_scatter)(job, task);
}

}  // namespace cag::kernels

#endif
