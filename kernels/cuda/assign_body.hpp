#pragma once

#include <cag/kernels/assign.hpp>

#include "distances_body.hpp"
#include "nearest.hpp"

namespace cag::kernels::cuda {

/// One call of `assign`.
struct AssignJob {
  DistanceJob distances;
  MarginTest test;
  Assignment out;

  /// What is found in each slice takes the place of sums: at most 48 KB.
  std::int64_t shared_bytes() const {
    const auto& tiles = distances.tiles;
    const auto found =
        tiles.slices > 1 ? tiles.slices * distances.pixels() * std::int64_t{sizeof(Nearest)} : 0;
    const auto own = distances.shared_bytes();
    return own > found ? own : found;
  }
};

/// Writes what was found of a pixel.
CAG_KERNELS_DEVICE void write_assignment(const AssignJob& job, std::int64_t at,
                                         const Nearest& found) {
  const float best = sqrtf(found.best), second = sqrtf(found.second), gap = second - best;
  const float margin = job.test.margins != nullptr && found.category >= 0
                           ? job.test.margins[found.category]
                           : job.test.margin;
  const bool active = (job.test.strict ? gap > margin : gap >= margin) && gap < HUGE_VALF;
  const auto& out = job.out;
  const auto category = found.category >= 0 ? found.category : job.distances.anchors.category[0];
  const auto label = active ? category : out.ignore;
  if (out.label != nullptr) out.label[at] = label;
  if (out.category != nullptr) out.category[at] = category;
  if (out.label_byte != nullptr) out.label_byte[at] = static_cast<std::uint8_t>(label);
  if (out.category_byte != nullptr) out.category_byte[at] = static_cast<std::uint8_t>(category);
  if (out.abstain != nullptr) out.abstain[at] = active ? 0 : 1;
  if (out.nearest != nullptr) out.nearest[at] = best;
  if (out.second != nullptr) out.second[at] = second;
  if (out.gap != nullptr) out.gap[at] = gap;
}

/// @tparam kSlice  job.distances.tiles.slice
template <int kSlice, typename Block>
CAG_KERNELS_DEVICE void assign_body(const Block& block, const AssignJob& job) {
  constexpr int kPixels = lane_pixels(kSlice);
  const auto& distances = job.distances;
  const int slices = distances.tiles.slices, parts = distances.parts;
  const int lane = block.thread() % kWarp, warp = block.thread() / kWarp;
  const int part = warp % parts, slice = warp / parts;
  auto* const shared = static_cast<Nearest*>(block.shared());

  for (auto task = block.index(); task < distances.tasks(); task += block.count()) {
    Nearest found[kPixels];
    CAG_KERNELS_UNROLL
    for (int j = 0; j < kPixels; ++j) found[j] = nothing_near();
    square_distances<kSlice>(block, distances, task, [&](int j, int first, const auto& squared) {
      CAG_KERNELS_UNROLL
      for (int k = 0; k < kSlice; ++k)
        if (first + k < distances.anchors.anchors)
          add_anchor(found[j], squared[k], static_cast<int>(distances.anchors.category[first + k]));
      if (squared[0] != squared[0]) found[j] = not_a_number();
    });
    if (slices > 1) {
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kPixels; ++j)
        if (j % parts == part) shared[(slice * kPixels + j) * kWarp + lane] = found[j];
      block.barrier();
    }
    CAG_KERNELS_UNROLL
    for (int j = 0; j < kPixels; ++j) {
      if (slice != 0 || j % parts != part) continue;
      for (int s = 1; s < slices; ++s)
        add_nearest(found[j], shared[(s * kPixels + j) * kWarp + lane]);
      const auto pixel = task % distances.blocks * (kWarp * kPixels) + lane * kPixels + j;
      if (pixel < distances.map.pixels)
        write_assignment(job, task / distances.blocks * distances.map.pixels + pixel, found[j]);
    }
    if (slices > 1) block.barrier();
  }
}

}  // namespace cag::kernels::cuda
