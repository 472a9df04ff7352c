#pragma once

#include <cag/kernels/class_map.hpp>
#include <cag/kernels/mutable_feature_map.hpp>

#include "element.hpp"

namespace cag::kernels::cuda {

/// One call of `scatter`. Where pixels lie side by side a thread has four of them in some channels,
/// whose rows are in shared memory; where channels do, a warp has a pixel at a time.
struct ScatterJob {
  const float* rows = nullptr;  ///< [images, categories, channels]
  int categories = 0;
  const std::uint8_t* classes = nullptr;
  MutableFeatureMap map;
  bool fours = lies_in_fours(map);

  static constexpr int kThreads = 256;
  static constexpr int kChannels = 16;  ///< of a task, where pixels lie side by side

  CAG_KERNELS_BOTH bool streams() const { return map.pixel_stride == 1; }
  /// Pixels of a task.
  CAG_KERNELS_BOTH std::int64_t block() const {
    return streams() ? kFour * kThreads : 8 * kThreads / kWarp;
  }
  CAG_KERNELS_BOTH std::int64_t blocks() const { return (map.pixels + block() - 1) / block(); }
  CAG_KERNELS_BOTH std::int64_t pieces() const {
    return streams() ? (map.channels + kChannels - 1) / kChannels : 1;
  }
  CAG_KERNELS_BOTH std::int64_t tasks() const { return map.images * blocks() * pieces(); }
  /// At most 16 KB.
  std::int64_t shared_bytes() const {
    return streams() ? kChannels * (categories + 1) * std::int64_t{sizeof(float)} : 0;
  }
};

template <typename E, typename Block>
CAG_KERNELS_DEVICE void scatter_planes(const Block& block, const ScatterJob& job,
                                       std::int64_t task) {
  const auto& map = job.map;
  const auto piece = task % job.pieces(), part = task / job.pieces();
  const auto image = part / job.blocks();
  const auto pixel = part % job.blocks() * job.block() + kFour * block.thread();
  const auto first = piece * job.kChannels;
  const int channels =
      static_cast<int>(map.channels - first < job.kChannels ? map.channels - first : job.kChannels);
  // [kChannels, categories + 1]: the last is of pixels that do not count.
  auto* const rows = static_cast<float*>(block.shared());
  const int slots = job.categories + 1;
  const float* from = job.rows + image * job.categories * map.channels + first;
  for (int i = block.thread(); i < slots * job.kChannels; i += block.threads()) {
    const int k = i / job.kChannels, c = i % job.kChannels;
    rows[c * slots + k] = k < job.categories && c < channels ? from[k * map.channels + c] : 0;
  }
  block.barrier();

  const int pixels = four_of(map.pixels - pixel);
  int category[kFour];
  CAG_KERNELS_UNROLL
  for (int i = 0; i < kFour; ++i) {
    const auto k = i < pixels ? job.classes[image * map.pixels + pixel + i] : kNoClass;
    category[i] = k == kNoClass ? job.categories : k;
  }
  auto* to = static_cast<typename E::Stored*>(map.data) + image * map.image_stride +
             first * map.channel_stride + pixel;
  for (int c = 0; c < channels; ++c, to += map.channel_stride) {
    Four four;
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kFour; ++i) four.value[i] = rows[c * slots + category[i]];
    write_up_to_four<E>(block, four, to, pixels, job.fours && pixels == kFour);
  }
  block.barrier();
}

template <typename E, typename Block>
CAG_KERNELS_DEVICE void scatter_rows(const Block& block, const ScatterJob& job, std::int64_t task) {
  const auto& map = job.map;
  const int lane = block.thread() % kWarp, warps = block.threads() / kWarp;
  const auto image = task / job.blocks(), begin = task % job.blocks() * job.block();
  const auto end = begin + job.block() < map.pixels ? begin + job.block() : map.pixels;
  for (auto p = begin + block.thread() / kWarp; p < end; p += warps) {
    const auto k = job.classes[image * map.pixels + p];
    const float* row = job.rows + (image * job.categories + (k == kNoClass ? 0 : k)) * map.channels;
    auto* const to = static_cast<typename E::Stored*>(map.data) + image * map.image_stride +
                     p * map.pixel_stride;
    for (auto c = std::int64_t{kFour} * lane; c < map.channels; c += kFour * kWarp) {
      const int left = four_of(map.channels - c);
      Four four;
      CAG_KERNELS_UNROLL
      for (int i = 0; i < kFour; ++i) four.value[i] = k != kNoClass && i < left ? row[c + i] : 0;
      write_up_to_four<E>(block, four, to + c, left, job.fours && left == kFour);
    }
  }
}

template <typename Block>
CAG_KERNELS_DEVICE void scatter_body(const Block& block, const ScatterJob& job) {
  with_element(job.map.element, [&](auto element) {
    using E = decltype(element);
    for (auto task = block.index(); task < job.tasks(); task += block.count())
      job.streams() ? scatter_planes<E>(block, job, task) : scatter_rows<E>(block, job, task);
  });
}

}  // namespace cag::kernels::cuda
