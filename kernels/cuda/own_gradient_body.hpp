#pragma once

#include <cag/kernels/own_distance.hpp>

#include "element.hpp"

namespace cag::kernels::cuda {

/// One call of `own_distance_gradient`, laid out as ScatterJob is.
struct OwnGradientJob {
  FeatureMap map;
  OwnAnchors anchors;
  OwnDistances at;
  const float* scale = nullptr;
  MutableFeatureMap gradient;
  bool fours = lies_in_fours(map) && lies_in_fours(gradient);

  static constexpr int kThreads = 256;
  static constexpr int kChannels = 16;  ///< of a task, where pixels lie side by side
  static constexpr int kAhead = 4;      ///< channels that are read before the first is written

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

  /// What differences to the anchor are multiplied by, where a pixel counts.
  CAG_KERNELS_DEVICE float weight(std::int64_t pixel) const {
    return at.distance[pixel] == 0 ? 0 : *scale / at.distance[pixel];
  }
};

template <typename E, typename Block>
CAG_KERNELS_DEVICE void own_gradient_planes(const Block& block, const OwnGradientJob& job,
                                            std::int64_t task) {
  using Stored = typename E::Stored;
  constexpr int kAhead = OwnGradientJob::kAhead;
  const auto& map = job.map;
  const auto piece = task % job.pieces(), part = task / job.pieces();
  const auto image = part / job.blocks();
  const auto pixel = part % job.blocks() * job.block() + kFour * block.thread();
  if (pixel >= map.pixels) return;
  const int pixels = four_of(map.pixels - pixel);
  const bool whole = job.fours && pixels == kFour;
  float weight[kFour];
  const float* anchors[kFour];  // null where a pixel does not count
  CAG_KERNELS_UNROLL
  for (int i = 0; i < kFour; ++i) {
    const auto at = image * map.pixels + pixel + i;
    const auto nearest = i < pixels ? job.at.nearest[at] : -1;
    anchors[i] = nearest < 0 ? nullptr : job.anchors.vectors + nearest * map.channels;
    weight[i] = nearest < 0 ? 0 : job.weight(at);
  }
  const auto first = piece * job.kChannels;
  const auto last = first + job.kChannels < map.channels ? first + job.kChannels : map.channels;
  const auto* const from = static_cast<const Stored*>(map.data) + image * map.image_stride + pixel;
  auto* const to =
      static_cast<Stored*>(job.gradient.data) + image * job.gradient.image_stride + pixel;
  for (auto c = first; c < last; c += kAhead) {
    Four values[kAhead] = {};
    CAG_KERNELS_UNROLL
    for (int a = 0; a < kAhead; ++a) {
      if (c + a >= last) continue;
      const auto* const at = from + (c + a) * map.channel_stride;
      values[a] = read_up_to_four<E>(block, at, pixels, whole);
      CAG_KERNELS_UNROLL
      for (int i = 0; i < kFour; ++i)
        values[a].value[i] =
            anchors[i] == nullptr ? 0 : (values[a].value[i] - anchors[i][c + a]) * weight[i];
    }
    CAG_KERNELS_UNROLL
    for (int a = 0; a < kAhead; ++a) {
      if (c + a >= last) continue;
      auto* const at = to + (c + a) * job.gradient.channel_stride;
      write_up_to_four<E>(block, values[a], at, pixels, whole);
    }
  }
}

template <typename E, typename Block>
CAG_KERNELS_DEVICE void own_gradient_rows(const Block& block, const OwnGradientJob& job,
                                          std::int64_t task) {
  using Stored = typename E::Stored;
  const auto& map = job.map;
  const int lane = block.thread() % kWarp, warps = block.threads() / kWarp;
  const auto image = task / job.blocks(), begin = task % job.blocks() * job.block();
  const auto end = begin + job.block() < map.pixels ? begin + job.block() : map.pixels;
  for (auto p = begin + block.thread() / kWarp; p < end; p += warps) {
    const auto pixel = image * map.pixels + p;
    const auto nearest = job.at.nearest[pixel];
    const float* const anchor = job.anchors.vectors + (nearest < 0 ? 0 : nearest) * map.channels;
    const float weight = nearest < 0 ? 0 : job.weight(pixel);
    const auto* const from =
        static_cast<const Stored*>(map.data) + image * map.image_stride + p * map.pixel_stride;
    auto* const to = static_cast<Stored*>(job.gradient.data) + image * job.gradient.image_stride +
                     p * job.gradient.pixel_stride;
    for (auto c = std::int64_t{kFour} * lane; c < map.channels; c += kFour * kWarp) {
      const int left = four_of(map.channels - c);
      const bool whole = job.fours && left == kFour;
      Four values = {};
      if (nearest >= 0) {
        values = read_up_to_four<E>(block, from + c, left, whole);
        CAG_KERNELS_UNROLL
        for (int i = 0; i < kFour; ++i)
          if (i < left) values.value[i] = (values.value[i] - anchor[c + i]) * weight;
      }
      write_up_to_four<E>(block, values, to + c, left, whole);
    }
  }
}

template <typename Block>
CAG_KERNELS_DEVICE void own_gradient_body(const Block& block, const OwnGradientJob& job) {
  with_element(job.map.element, [&](auto element) {
    using E = decltype(element);
    for (auto task = block.index(); task < job.tasks(); task += block.count())
      job.streams() ? own_gradient_planes<E>(block, job, task)
                    : own_gradient_rows<E>(block, job, task);
  });
}

}  // namespace cag::kernels::cuda
