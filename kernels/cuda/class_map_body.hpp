#pragma once

#include <cag/kernels/class_map.hpp>

#include "element.hpp"

namespace cag::kernels::cuda {

/// The category that each pixel counts for, and how many do.
struct ClassMapJob {
  const std::int64_t* label = nullptr;
  FeatureMap logits;  ///< without data: every label counts
  int categories = 0;
  std::int64_t images = 0, pixels = 0;
  std::uint8_t* map = nullptr;     ///< [images, pixels]
  std::int64_t* counts = nullptr;  ///< [images, categories], zero before; or null

  static constexpr int kThreads = 128;  ///< and pixels of a block

  CAG_KERNELS_BOTH std::int64_t blocks() const { return (pixels + kThreads - 1) / kThreads; }
  CAG_KERNELS_BOTH std::int64_t tasks() const { return images * blocks(); }
  std::int64_t shared_bytes() const { return categories * std::int64_t{sizeof(int)}; }
};

/// The category of the largest logit: the first of equal ones, and NaN above all.
template <typename Read>
CAG_KERNELS_DEVICE int largest_of(const FeatureMap& logits, const Read& read, std::int64_t at) {
  constexpr int kAhead = 8;  // asked for before the first is compared
  const int categories = static_cast<int>(logits.channels);
  float largest = read(at);
  int category = 0;
  CAG_KERNELS_ROLLED
  for (int first = 1; first < categories; first += kAhead) {
    float value[kAhead];
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kAhead; ++i)
      value[i] = first + i < categories ? read(at + (first + i) * logits.channel_stride) : largest;
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kAhead; ++i)
      if (first + i < categories && !(value[i] <= largest) && largest == largest) {
        largest = value[i];
        category = first + i;
      }
  }
  return category;
}

template <typename Block>
CAG_KERNELS_DEVICE void class_map_body(const Block& block, const ClassMapJob& job) {
  auto* const counts = static_cast<int*>(block.shared());
  for (auto task = block.index(); task < job.tasks(); task += block.count()) {
    const auto image = task / job.blocks();
    const auto pixel = task % job.blocks() * block.threads() + block.thread();
    for (int k = block.thread(); k < job.categories; k += block.threads()) counts[k] = 0;
    block.barrier();
    if (pixel < job.pixels) {
      const auto label = job.label[image * job.pixels + pixel];
      bool own = label >= 0 && label < job.categories;
      // Also where there is no label: the logits are not waited for until it has come.
      if (job.logits.data != nullptr)
        with_reader(block, job.logits, [&](const auto& read) {
          own = largest_of(job.logits, read,
                           image * job.logits.image_stride + pixel * job.logits.pixel_stride) ==
                    label &&
                own;
        });
      job.map[image * job.pixels + pixel] = own ? static_cast<std::uint8_t>(label) : kNoClass;
      if (own && job.counts != nullptr) block.add(counts + label, 1);
    }
    block.barrier();
    for (int k = block.thread(); k < job.categories; k += block.threads())
      if (counts[k] != 0)
        block.add(job.counts + image * job.categories + k, std::int64_t{counts[k]});
    block.barrier();
  }
}

}  // namespace cag::kernels::cuda
