#pragma once

#include <cag/kernels/cuda/device_anchors.hpp>

#include "anchor_tiles.hpp"
#include "feature_loader.hpp"

namespace cag::kernels::cuda {

/// Pixels of a lane, by the anchors that it compares them with: as many as registers hold sums for.
/// Each anchor that is read from shared memory then serves several.
CAG_KERNELS_BOTH constexpr int lane_pixels(int slice) { return slice > 24 ? 2 : 4; }

/// Squared distances of features to anchors. A block has kWarp · lane_pixels pixels; each of its
/// warps a slice of the anchors and a part of the channels.
struct DistanceJob {
  FeatureMap map;
  DeviceAnchors anchors;
  AnchorTiles tiles;
  int parts;  ///< of the channels: so that few anchors, too, keep many warps busy
  int stage;  ///< channels whose anchors are in shared memory
  bool fours;
  std::int64_t blocks;  ///< of an image

  DistanceJob(const FeatureMap& map, const DeviceAnchors& anchors)
      : map(map),
        anchors(anchors),
        tiles(AnchorTiles::of(anchors.anchors)),
        parts(tiles.slices == 1   ? 4
              : tiles.slices == 2 ? 2
                                  : 1),
        stage(kStageFloats / tiles.slots() / (parts * kFour) * (parts * kFour)),
        fours(lies_in_fours(map)),
        blocks((map.pixels + pixels() - 1) / pixels()) {
    if (stage > AnchorTiles::channels(anchors.width))
      stage = static_cast<int>(AnchorTiles::channels(anchors.width));
  }

  static constexpr int kStageFloats = 6144;
  /// Of blocks with such slices: smaller ones make three at most.
  static constexpr int most_threads(int slice) { return kWarp * (slice > 24 ? 8 : 4); }
  /// As many to a multiprocessor as have registers enough.
  static constexpr int least_blocks(int slice) { return slice > 20 ? 2 : 3; }
  CAG_KERNELS_BOTH int threads() const { return kWarp * tiles.slices * parts; }
  /// Of a block.
  CAG_KERNELS_BOTH int pixels() const { return kWarp * lane_pixels(tiles.slice); }
  CAG_KERNELS_BOTH std::int64_t tasks() const { return map.images * blocks; }
  /// Of a stage of anchors, and later of the parts' sums: at most 48 KB.
  std::int64_t shared_bytes() const {
    const std::int64_t staged = std::int64_t{stage} * tiles.slots();
    const std::int64_t sums = parts > 1 ? threads() * lane_pixels(tiles.slice) * tiles.slice : 0;
    return (staged > sums ? staged : sums) * std::int64_t{sizeof(float)};
  }
};

/// sum[j][k] += (pixel j - anchor k)² over some channels.
template <int kChannels, int kPixels, int kSlice>
CAG_KERNELS_DEVICE void accumulate(const float (&features)[kChannels][kPixels],
                                   const float* anchors, int slots, float (&sum)[kPixels][kSlice]) {
  CAG_KERNELS_UNROLL
  for (int c = 0; c < kChannels; ++c, anchors += slots) {
    CAG_KERNELS_UNROLL
    for (int k = 0; k < kSlice; k += AnchorTiles::kAtOnce) {
      const Four four = *reinterpret_cast<const Four*>(anchors + k);
      CAG_KERNELS_UNROLL
      for (int i = 0; i < AnchorTiles::kAtOnce; ++i) {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kPixels; ++j) {
          const float away = features[c][j] - four.value[i];
          sum[j][k + i] = fmaf(away, away, sum[j][k + i]);
        }
      }
    }
  }
}

/// Calls use(j, first, squared) for the lane's pixel j and the anchors from `first` on: once for
/// each pixel and slice of each pass, always in the same thread. Ends with a barrier ahead of
/// anybody's next use of shared memory.
/// @tparam kSlice  job.tiles.slice
template <int kSlice, typename Block, typename Use>
CAG_KERNELS_DEVICE void square_distances(const Block& block, const DistanceJob& job,
                                         std::int64_t task, Use&& use) {
  constexpr int kPixels = lane_pixels(kSlice), kChannels = FeatureLoader<kPixels>::kChannels;
  const int lane = block.thread() % kWarp, warp = block.thread() / kWarp;
  const int parts = job.parts, part = warp % parts, slice = warp / parts;
  const int slots = job.tiles.slices * kSlice;
  const int channels = static_cast<int>(AnchorTiles::channels(job.anchors.width));
  const auto begin = task % job.blocks * (kWarp * kPixels);
  FeatureLoader<kPixels> loader(job.map, job.fours, task / job.blocks, begin + lane * kPixels);
  auto* const shared = static_cast<float*>(block.shared());

  for (int pass = 0; pass < job.tiles.passes; ++pass) {
    float sum[kPixels][kSlice] = {};
    const float* from = job.anchors.tiles + std::int64_t{pass} * channels * slots;
    loader.load(part * kChannels);
    for (int stage = 0; stage < channels; stage += job.stage) {
      const int end = stage + job.stage < channels ? stage + job.stage : channels;
      if (stage > 0) block.barrier();
      for (int i = block.thread(); i < (end - stage) * slots / kFour; i += block.threads())
        block.begin_copy(reinterpret_cast<Four*>(shared) + i,
                         reinterpret_cast<const Four*>(from + std::int64_t{stage} * slots) + i);
      block.end_copies();
      block.barrier();
      // The next channels are on their way while these are used.
      for (int c = stage + part * kChannels; c < end; c += parts * kChannels) {
        float features[kChannels][kPixels];
        loader.take(block, features);
        if (c + parts * kChannels < channels) loader.load(c + parts * kChannels);
        accumulate(features, shared + (c - stage) * slots + slice * kSlice, slots, sum);
      }
    }
    block.barrier();

    const int first = pass * slots + slice * kSlice;
    if (parts > 1) {
      // [slices, parts, kPixels, kSlice, kWarp]: each part adds up some of the pixels.
      float* const own = shared + (warp * kPixels * kSlice * kWarp + lane);
      CAG_KERNELS_UNROLL
      for (int i = 0; i < kPixels * kSlice; ++i) own[i * kWarp] = sum[i / kSlice][i % kSlice];
      block.barrier();
      const float* const all = shared + (slice * parts * kPixels * kSlice * kWarp + lane);
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kPixels; ++j) {
        if (j % parts != part) continue;
        float total[kSlice] = {};
        CAG_KERNELS_ROLLED
        for (int other = 0; other < parts; ++other) {
          CAG_KERNELS_UNROLL
          for (int k = 0; k < kSlice; ++k)
            total[k] += all[((other * kPixels + j) * kSlice + k) * kWarp];
        }
        use(j, first, total);
      }
      block.barrier();
    } else {
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kPixels; ++j) use(j, first, sum[j]);
    }
  }
}

}  // namespace cag::kernels::cuda
