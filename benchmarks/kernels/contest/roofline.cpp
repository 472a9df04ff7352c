#include "roofline.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include <hwy/aligned_allocator.h>
#include <hwy/cache_control.h>
#include <unistd.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "contest/roofline.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
constexpr Floats kFloats;
constexpr std::int64_t kLanes = hn::MaxLanes(Floats());
constexpr std::int64_t kChannels = 16;
// As many accumulators as assign keeps: 19 of 32 registers; half of that where there are 16.
constexpr int kSums = HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM_A64 ? 19 : 10;

/// What assign does in its innermost loop, of one vector of pixels that stays in the first cache.
HWY_ATTR double squared_differences(const float* pixels, const float* anchors, std::int64_t rounds,
                                    float* result) {
  hn::Vec<Floats> sum[kSums];
#pragma GCC unroll 32
  for (int k = 0; k < kSums; ++k) sum[k] = hn::Zero(kFloats);
  for (std::int64_t i = 0; i < rounds; ++i)
    for (std::int64_t c = 0; c < kChannels; ++c) {
      const auto pixel = hn::Load(kFloats, pixels + c * kLanes);
#pragma GCC unroll 32
      for (int k = 0; k < kSums; ++k) {
        const auto difference = hn::Sub(pixel, hn::Set(kFloats, anchors[c * kSums + k]));
        sum[k] = hn::MulAdd(difference, difference, sum[k]);
      }
    }
#pragma GCC unroll 32
  for (int k = 1; k < kSums; ++k) sum[0] = hn::Add(sum[0], sum[k]);
  hn::Store(sum[0], kFloats, result);
  return static_cast<double>(rounds * kChannels * kSums * kLanes);
}

HWY_ATTR double multiply_adds(const float* from, std::int64_t rounds, float* result) {
  const auto factor = hn::Load(kFloats, from), summand = hn::Load(kFloats, from + kLanes);
  hn::Vec<Floats> sum[kSums];
#pragma GCC unroll 32
  for (int k = 0; k < kSums; ++k) sum[k] = hn::Set(kFloats, static_cast<float>(k));
  for (std::int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 32
    for (int k = 0; k < kSums; ++k) sum[k] = hn::MulAdd(sum[k], factor, summand);
  }
#pragma GCC unroll 32
  for (int k = 1; k < kSums; ++k) sum[0] = hn::Add(sum[0], sum[k]);
  hn::Store(sum[0], kFloats, result);
  return static_cast<double>(rounds * kSums * kLanes);
}

HWY_ATTR void read(const float* from, std::int64_t size, float* result) {
  constexpr int kStreams = 8;
  hn::Vec<Floats> sum[kStreams];
  for (auto& one : sum) one = hn::Zero(kFloats);
  for (std::int64_t i = 0; i < size; i += kStreams * kLanes)
#pragma GCC unroll 8
    for (int k = 0; k < kStreams; ++k)
      sum[k] = hn::Add(sum[k], hn::Load(kFloats, from + i + k * kLanes));
  for (int k = 1; k < kStreams; ++k) sum[0] = hn::Add(sum[0], sum[k]);
  hn::Store(sum[0], kFloats, result);
}

/// In the order that memory gives soonest: some of eight rows, then of the next eight, which have
/// been asked for.
/// @param from  [rows, size]; whole eights of rows
HWY_ATTR void read_rows(const float* from, std::int64_t rows, std::int64_t size, float* result) {
  constexpr int kRows = 8, kToSecondCache = 2;
  constexpr std::int64_t kBlock = 512, kOfLine = std::max<std::int64_t>(16 / kLanes, 1);
  hn::Vec<Floats> sum[kRows];
  for (auto& one : sum) one = hn::Zero(kFloats);
  const auto whole = size / kLanes;
  for (std::int64_t begin = 0; begin < whole; begin += kBlock / kLanes)
    for (std::int64_t row = 0; row < rows; row += kRows) {
      const float* now = from + row * size;
      const float* next = row + kRows < rows ? now + kRows * size : from + kBlock;
      for (auto v = begin; v < std::min(begin + kBlock / kLanes, whole); ++v)
#pragma GCC unroll 8
        for (int k = 0; k < kRows; ++k) {
          const auto at = k * size + v * kLanes;
          if (v % kOfLine == 0) __builtin_prefetch(next + at, 0, kToSecondCache);
          sum[k] = hn::Add(sum[k], hn::LoadU(kFloats, now + at));
        }
    }
  float rest = 0;
  for (std::int64_t row = 0; row < rows; ++row)
    for (auto i = whole * kLanes; i < size; ++i) rest += from[row * size + i];
  for (int k = 1; k < kRows; ++k) sum[0] = hn::Add(sum[0], sum[k]);
  hn::StoreU(hn::Add(sum[0], hn::Set(kFloats, rest)), kFloats, result);
}

HWY_ATTR void write(float* to, std::int64_t size) {
  const auto value = hn::Set(kFloats, 1.0F);
  for (std::int64_t i = 0; i < size; i += kLanes) hn::Store(value, kFloats, to + i);
}

HWY_ATTR void write_past_caches(float* to, std::int64_t size) {
  const auto value = hn::Set(kFloats, 1.0F);
  for (std::int64_t i = 0; i < size; i += kLanes) hn::Stream(value, kFloats, to + i);
  hwy::FlushStream();
}

}  // namespace bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace bench {

HWY_EXPORT(squared_differences);
HWY_EXPORT(multiply_adds);
HWY_EXPORT(read);
HWY_EXPORT(read_rows);
HWY_EXPORT(write);
HWY_EXPORT(write_past_caches);

namespace {

struct Memory {
  static constexpr std::int64_t kLarge = 256 * 128 * 256;  // the features of size A: 33 MB
  static constexpr std::int64_t kTable = 1024;

  hwy::AlignedFreeUniquePtr<float[]> large = hwy::AllocateAligned<float>(kLarge);
  // Small enough for the first cache, and numbers that stay finite: sums of 0.
  hwy::AlignedFreeUniquePtr<float[]> table = hwy::AllocateAligned<float>(kTable);
  hwy::AlignedFreeUniquePtr<float[]> result = hwy::AllocateAligned<float>(64);  // of any vector

  Memory() {
    std::fill_n(large.get(), kLarge, 1.0F);
    std::fill_n(table.get(), kTable, 0.5F);
  }
};

std::int64_t half_of_second_cache() {
  const auto bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  constexpr std::int64_t kPiece = 1024;  // floats
  return std::max<std::int64_t>(bytes > 0 ? bytes / 2 / 4 : 65536, kPiece) / kPiece * kPiece;
}

}  // namespace

void add_roofline(Contest& contest) {
  constexpr std::int64_t kRounds = 20000;
  const auto memory = std::make_shared<Memory>();
  const auto add = [&](const char* name, double work, auto run) {
    contest.add_run(name, [memory, run] { run(*memory); });
    contest.note(name, "work", work);
  };
  const auto work = [&](auto run) { return run(*memory); };
  const auto differences = [](Memory& m) {
    return HWY_DYNAMIC_DISPATCH(squared_differences)(m.table.get(), m.table.get() + 512, kRounds,
                                                     m.result.get());
  };
  const auto products = [](Memory& m) {
    return HWY_DYNAMIC_DISPATCH(multiply_adds)(m.table.get(), 16 * kRounds, m.result.get());
  };
  add("peak: subtract, multiply-add", work(differences), differences);
  add("peak: multiply-add", work(products), products);
  const auto small = half_of_second_cache(), times = Memory::kLarge / small;
  add("peak: read, second cache", 4.0 * small * times, [=](Memory& m) {
    for (std::int64_t i = 0; i < times; ++i)
      HWY_DYNAMIC_DISPATCH(read)(m.large.get(), small, m.result.get());
  });
  add("peak: read 33 MB", 4.0 * Memory::kLarge, [](Memory& m) {
    HWY_DYNAMIC_DISPATCH(read)(m.large.get(), Memory::kLarge, m.result.get());
  });
  add("peak: write 33 MB", 4.0 * Memory::kLarge, [](Memory& m) {
    HWY_DYNAMIC_DISPATCH(write)(m.large.get(), Memory::kLarge);
  });
  add("peak: write 33 MB past the caches", 4.0 * Memory::kLarge, [](Memory& m) {
    HWY_DYNAMIC_DISPATCH(write_past_caches)(m.large.get(), Memory::kLarge);
  });
}

void add_read(Contest& contest, const void* features, std::int64_t bytes) {
  constexpr const char* kName = "peak: read the features";
  constexpr std::int64_t kRows = 64;
  const auto result = std::make_shared<std::array<float, 64>>();  // of any vector
  const auto size = bytes / kRows / static_cast<std::int64_t>(sizeof(float));
  contest.add_run(kName, [=] {
    HWY_DYNAMIC_DISPATCH(read_rows)
    (static_cast<const float*>(features), kRows, size, result->data());
  });
  contest.note(kName, "work", static_cast<double>(bytes));
}

}  // namespace bench

#endif
