#pragma once

#include <cag/kernels/assign.hpp>
#include <cag/kernels/cuda/device_anchors.hpp>

#include "anchor_tiles.hpp"
#include "nearest.hpp"
#include "tile_loader.hpp"

namespace cag::kernels::cuda {

/// One call of `assign`. A block has a tile of pixels: `groups` of kTilePixels, each of which
/// `slices` warps compare with a slice of the anchors each.
struct AssignJob {
  FeatureMap map;
  DeviceAnchors anchors;
  MarginTest test;
  Assignment out;
  AnchorTiles tiles;
  int groups = 1;
  std::int64_t blocks = 0;  ///< of an image

  AssignJob(const FeatureMap& map, const DeviceAnchors& anchors, const MarginTest& test,
            const Assignment& out)
      : map(map), anchors(anchors), test(test), out(out), tiles(AnchorTiles::of(anchors.anchors)) {
    groups = tiles.slices <= 2 ? 4 : tiles.slices <= 4 ? 2 : 1;
    blocks = (map.pixels + groups * kTilePixels - 1) / (groups * kTilePixels);
  }

  static constexpr int kMostThreads = kWarp * AnchorTiles::kMostSlices;
  int threads() const { return kWarp * groups * tiles.slices; }
  CAG_KERNELS_BOTH std::int64_t tasks() const { return map.images * blocks; }
  /// At most 44 KB.
  std::int64_t shared_bytes() const {
    return 2 * TileLoader::floats(groups) * sizeof(float) +
           2 * AnchorTiles::kChannels * tiles.slots() * sizeof(float) +
           (tiles.slices > 1 ? tiles.slices * groups * kTilePixels * sizeof(Nearest) : 0);
  }
};

/// Writes what was found of a pixel.
CAG_KERNELS_DEVICE void write_assignment(const AssignJob& job, std::int64_t at,
                                         const Nearest& found) {
  const float best = sqrtf(found.best), second = sqrtf(found.second), gap = second - best;
  const float margin = job.test.margins != nullptr && found.category >= 0
                           ? job.test.margins[found.category]
                           : job.test.margin;
  const bool wide_enough = job.test.strict ? gap > margin : gap >= margin;
  if (job.out.label != nullptr)
    job.out.label[at] = wide_enough && gap < HUGE_VALF ? found.category : job.out.ignore;
  if (job.out.category != nullptr)
    job.out.category[at] = found.category >= 0 ? found.category : job.anchors.category[0];
  if (job.out.nearest != nullptr) job.out.nearest[at] = best;
  if (job.out.second != nullptr) job.out.second[at] = second;
}

/// Begins to copy a tile of anchors to shared memory.
template <typename Block>
CAG_KERNELS_DEVICE void copy_anchors(const Block& block, const float* from, int floats, float* to) {
  for (int i = block.thread(); i < floats / AnchorTiles::kAtOnce; i += block.threads())
    block.begin_copy(reinterpret_cast<Four*>(to) + i, reinterpret_cast<const Four*>(from) + i);
}

/// sum[j][k] += (pixel j - anchor k)² over the channels of a tile.
template <int kSlice>
CAG_KERNELS_DEVICE void accumulate(const float* features, int row, const float* anchors, int slots,
                                   float (&sum)[2][kSlice]) {
  CAG_KERNELS_UNROLL_4
  for (int c = 0; c < AnchorTiles::kChannels; ++c, features += row, anchors += slots) {
    const float first = features[0], second = features[kWarp];
    CAG_KERNELS_UNROLL
    for (int k = 0; k < kSlice; k += AnchorTiles::kAtOnce) {
      const Four four = *reinterpret_cast<const Four*>(anchors + k);
      CAG_KERNELS_UNROLL
      for (int i = 0; i < AnchorTiles::kAtOnce; ++i) {
        const float a = first - four.value[i], b = second - four.value[i];
        sum[0][k + i] = fmaf(a, a, sum[0][k + i]);
        sum[1][k + i] = fmaf(b, b, sum[1][k + i]);
      }
    }
  }
}

/// @tparam kSlice  job.tiles.slice
template <int kSlice, typename Block>
CAG_KERNELS_DEVICE void assign_body(const Block& block, const AssignJob& job) {
  const int groups = job.groups, slices = job.tiles.slices, slots = slices * kSlice;
  const int lane = block.thread() % kWarp, warp = block.thread() / kWarp;
  const int group = warp % groups, slice = warp / groups;
  const int at = group * kTilePixels + lane;
  const int feature_tile = TileLoader::floats(groups);
  const int anchor_tile = AnchorTiles::kChannels * slots;
  auto* const features = static_cast<float*>(block.shared());
  float* const anchors = features + 2 * feature_tile;
  auto* const shared = reinterpret_cast<Nearest*>(anchors + 2 * anchor_tile);
  const int chunks =
      static_cast<int>(AnchorTiles::channels(job.anchors.width)) / AnchorTiles::kChannels;

  for (auto task = block.index(); task < job.tasks(); task += block.count()) {
    const auto image = task / job.blocks;
    const auto begin = task % job.blocks * (groups * kTilePixels) + group * kTilePixels;
    TileLoader pixels(job.map, image, begin, groups, group, slice, slices, lane);
    Nearest found[2];
    for (int pass = 0; pass < job.tiles.passes; ++pass) {
      float sum[2][kSlice] = {};
      const float* from = job.anchors.tiles + std::int64_t{pass} * chunks * anchor_tile;
      // While a tile is used the next one is on its way to the other buffer, features by registers.
      for (int i = 0; i <= chunks; ++i) {
        const int next = i & 1, now = next ^ 1;
        if (i < chunks) {
          pixels.load(block, i);
          copy_anchors(block, from + std::int64_t{i} * anchor_tile, anchor_tile,
                       anchors + next * anchor_tile);
        }
        if (i > 0)
          accumulate<kSlice>(features + now * feature_tile + at, TileLoader::row(groups),
                             anchors + now * anchor_tile + slice * kSlice, slots, sum);
        if (i < chunks) {
          pixels.store(block, features + next * feature_tile);
          block.end_copies();
        }
        block.barrier();
      }

      const int first = pass * slots + slice * kSlice;
      Nearest own[2] = {nothing_near(), nothing_near()};
      CAG_KERNELS_UNROLL
      for (int j = 0; j < 2; ++j) {
        if (sum[j][0] != sum[j][0]) own[j] = not_a_number();
        CAG_KERNELS_UNROLL
        for (int k = 0; k < kSlice; ++k)
          if (first + k < job.anchors.anchors)
            add_anchor(own[j], sum[j][k], static_cast<int>(job.anchors.category[first + k]));
        if (pass == 0) found[j] = own[j];
      }
      if (slices == 1) continue;
      CAG_KERNELS_UNROLL
      for (int j = 0; j < 2; ++j) shared[slice * groups * kTilePixels + at + j * kWarp] = own[j];
      block.barrier();
      if (slice != 0) continue;
      for (int s = pass == 0 ? 1 : 0; s < slices; ++s) {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < 2; ++j)
          add_nearest(found[j], shared[s * groups * kTilePixels + at + j * kWarp]);
      }
    }
    CAG_KERNELS_UNROLL
    for (int j = 0; j < 2; ++j) {
      const auto pixel = begin + lane + j * kWarp;
      if (slice == 0 && pixel < job.map.pixels)
        write_assignment(job, image * job.map.pixels + pixel, found[j]);
    }
  }
}

}  // namespace cag::kernels::cuda
