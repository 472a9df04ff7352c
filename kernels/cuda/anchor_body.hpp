#pragma once

#include <cag/kernels/cuda/device_anchors.hpp>

#include "anchor_tiles.hpp"
#include "block.hpp"

namespace cag::kernels::cuda {

/// Fills tiles and category of DeviceAnchors.
struct AnchorJob {
  const float* vectors = nullptr;  ///< [anchors, width] row by row
  const std::int64_t* category = nullptr;
  std::int64_t anchors = 0;
  std::int64_t width = 0;
  float* tiles_out = nullptr;
  std::int64_t* category_out = nullptr;

  static constexpr int kThreads = 256;
  /// One for each channel.
  std::int64_t tasks() const { return AnchorTiles::channels(width); }
};

template <typename Block>
CAG_KERNELS_DEVICE void anchor_body(const Block& block, const AnchorJob& job) {
  const auto tiles = AnchorTiles::of(job.anchors);
  const auto channels = AnchorTiles::channels(job.width);
  for (auto d = block.index(); d < channels; d += block.count())
    for (int r = block.thread(); r < tiles.all_slots(); r += block.threads()) {
      const bool own = r < job.anchors;
      job.tiles_out[(r / tiles.slots() * channels + d) * tiles.slots() + r % tiles.slots()] =
          own && d < job.width ? job.vectors[r * job.width + d] : 0;
      if (d == 0 && own) job.category_out[r] = job.category[r];
    }
}

}  // namespace cag::kernels::cuda
