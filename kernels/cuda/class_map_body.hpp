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

  static constexpr int kThreads = 256;
  static constexpr std::int64_t kBlock = 4 * kThreads;  ///< pixels

  CAG_KERNELS_BOTH std::int64_t blocks() const { return (pixels + kBlock - 1) / kBlock; }
  CAG_KERNELS_BOTH std::int64_t tasks() const { return images * blocks(); }
  std::int64_t shared_bytes() const { return categories * std::int64_t{sizeof(int)}; }
};

/// Whether that category has the largest logit: the first of equal ones, and NaN above all.
template <typename Read>
CAG_KERNELS_DEVICE bool is_largest(const FeatureMap& logits, const Read& read, std::int64_t at,
                                   int category) {
  const float own = read(at + category * logits.channel_stride);
  const bool number = own == own;
  for (int k = 0; k < static_cast<int>(logits.channels); ++k) {
    const float other = read(at + k * logits.channel_stride);
    const bool smaller = other < own || (!number && other == other);
    const bool equal = other == own || (!number && other != other);
    if (k != category && !smaller && !(equal && k > category)) return false;
  }
  return true;
}

template <typename Block>
CAG_KERNELS_DEVICE void class_map_body(const Block& block, const ClassMapJob& job) {
  auto* const counts = static_cast<int*>(block.shared());
  for (auto task = block.index(); task < job.tasks(); task += block.count()) {
    const auto image = task / job.blocks(), begin = task % job.blocks() * job.kBlock;
    const auto end = begin + job.kBlock < job.pixels ? begin + job.kBlock : job.pixels;
    for (int k = block.thread(); k < job.categories; k += block.threads()) counts[k] = 0;
    block.barrier();
    for (auto p = begin + block.thread(); p < end; p += block.threads()) {
      const auto label = job.label[image * job.pixels + p];
      bool own = label >= 0 && label < job.categories;
      if (own && job.logits.data != nullptr)
        with_reader(block, job.logits, [&](const auto& read) {
          own = is_largest(job.logits, read,
                           image * job.logits.image_stride + p * job.logits.pixel_stride,
                           static_cast<int>(label));
        });
      job.map[image * job.pixels + p] = own ? static_cast<std::uint8_t>(label) : kNoClass;
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
