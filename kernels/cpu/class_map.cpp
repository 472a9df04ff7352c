#include "class_map.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/class_map.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "logits-inl.hpp"
#include "pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

constexpr std::int64_t kMostCategories = 255;

/// Takes the class of pixels away whose largest logit is another's.
template <typename T>
HWY_ATTR void keep_agreeing(const FeatureMap& logits, std::int64_t image, std::int64_t begin,
                            std::int64_t end, std::uint8_t* map) {
  const hn::Rebind<std::uint8_t, Floats> bytes;
  HWY_ALIGN float packed[kMostCategories * kLanes];
  for_each_vector<T>(logits, image, begin, end, packed,
                     [&](std::int64_t p, std::int64_t pixels, const auto*, std::int64_t,
                         const Largest& found) HWY_ATTR {
                       std::uint8_t* classes = map + (p - begin);
                       std::uint8_t lanes[kLanes];
                       hn::StoreU(hn::DemoteTo(bytes, found.category), bytes, lanes);
                       const auto keep = [&](std::int64_t size) {
                         for (std::int64_t i = 0; i < size; ++i)
                           classes[i] = lanes[i] == classes[i] ? lanes[i] : kNoClass;
                       };
                       // A size that the compiler knows makes one vector of it.
                       pixels == kLanes ? keep(kLanes) : keep(pixels);
                     });
}

HWY_ATTR void class_map_pixels(const cpu::ClassMapJob& job, std::int64_t task) {
  const auto image = task / job.blocks, begin = task % job.blocks * cpu::kClassMapBlock;
  const auto size = std::min(cpu::kClassMapBlock, job.pixels - begin);
  const auto at = image * job.pixels + begin;
  const auto categories = job.classes.categories;
  const std::int64_t* label = job.classes.label + at;
  std::uint8_t* map = job.map + at;
  for (std::int64_t i = 0; i < size; ++i)
    map[i] = static_cast<std::uint64_t>(label[i]) < static_cast<std::uint64_t>(categories)
                 ? static_cast<std::uint8_t>(label[i])
                 : kNoClass;
  if (const auto* logits = job.classes.logits) {
    const auto keep = logits->element == Element::kFloat32    ? &keep_agreeing<float>
                      : logits->element == Element::kBFloat16 ? &keep_agreeing<hwy::bfloat16_t>
                                                              : &keep_agreeing<hwy::float16_t>;
    keep(*logits, image, begin, begin + size, map);
  }
  if (job.counts == nullptr) return;

  std::int64_t counts[kMostCategories + 1] = {};
  for (std::int64_t i = 0; i < size;) {
    // Neighbours mostly share a category.
    std::int64_t same = 1;
    if (i + 8 <= size) {
      std::uint64_t eight;
      std::memcpy(&eight, map + i, 8);
      if (eight == map[i] * std::uint64_t{0x0101010101010101}) same = 8;
    }
    counts[map[i]] += same;
    i += same;
  }
  for (std::int64_t k = 0; k < categories; ++k)
    if (counts[k] != 0)
      std::atomic_ref(job.counts[image * categories + k])
          .fetch_add(counts[k], std::memory_order_relaxed);
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace cag::kernels {

HWY_EXPORT(class_map_pixels);

void cpu::class_map_task(const ClassMapJob& job, std::int64_t task) noexcept {
  HWY_DYNAMIC_DISPATCH(class_map_pixels)(job, task);
}

}  // namespace cag::kernels

#endif
