#pragma once

#include <cfloat>

#include "distances_body.hpp"

namespace cag::kernels::cuda {

/// The bits of what no distance has been added to: every byte of it is this one.
constexpr std::uint8_t kNoDistanceByte = 0xFF;
constexpr std::uint32_t kNoDistance = 0xFFFFFFFF;

/// The least squared distance to each category, where the weights are going to be. Squares are not
/// negative: as their bits they have the same order, and NaN, which is not `kNoDistance`, is last.
struct CategoryDistanceJob {
  DistanceJob distances;
  std::int64_t categories;
  std::uint32_t* least;  ///< [images, categories, pixels], kNoDistance before
};

/// @tparam kSlice  job.distances.tiles.slice
template <int kSlice, typename Block>
CAG_KERNELS_DEVICE void category_distance_body(const Block& block, const CategoryDistanceJob& job) {
  constexpr int kPixels = lane_pixels(kSlice);
  const auto& distances = job.distances;
  const auto pixels = distances.map.pixels;
  const int lane = block.thread() % kWarp;
  for (auto task = block.index(); task < distances.tasks(); task += block.count()) {
    const auto image = task / distances.blocks;
    const auto begin = task % distances.blocks * (kWarp * kPixels) + lane * kPixels;
    square_distances<kSlice>(block, distances, task, [&](int j, int first, const auto& squared) {
      if (begin + j >= pixels) return;
      auto* const least = job.least + image * job.categories * pixels + begin + j;
      CAG_KERNELS_UNROLL
      for (int k = 0; k < kSlice; ++k)
        if (first + k < distances.anchors.anchors)
          block.min(least + distances.anchors.category[first + k] * pixels, bits_of(squared[k]));
    });
  }
}

/// Weights of those distances, in their place: a thread for each pixel.
struct WeightJob {
  std::int64_t images, categories, pixels;
  float temperature;
  float* weights;

  static constexpr int kThreads = 256;
  std::int64_t tasks() const { return (images * pixels + kThreads - 1) / kThreads; }
};

template <typename Block>
CAG_KERNELS_DEVICE void weight_body(const Block& block, const WeightJob& job) {
  for (auto i = block.index() * block.threads() + block.thread(); i < job.images * job.pixels;
       i += block.count() * block.threads()) {
    float* const own = job.weights + i / job.pixels * job.categories * job.pixels + i % job.pixels;
    float least = HUGE_VALF;
    bool number = true;
    CAG_KERNELS_UNROLL_8
    for (std::int64_t k = 0; k < job.categories; ++k) {
      const float squared = own[k * job.pixels];
      least = squared < least ? squared : least;
      number = number && (squared == squared || bits_of(squared) == kNoDistance);
    }
    // Finite: 0 · inf would be no weight of the nearest.
    const float nearest = sqrtf(least), rate = fminf(1 / job.temperature, FLT_MAX);
    // Of what is NaN as kNoDistance is: no weight.
    const auto weight = [&](float squared) {
      return squared == squared ? expf((nearest - sqrtf(squared)) * rate) : 0;
    };
    float sum = 0;
    CAG_KERNELS_UNROLL_8
    for (std::int64_t k = 0; k < job.categories; ++k) sum += weight(own[k * job.pixels]);
    const float share = number && least < HUGE_VALF ? 1 / sum : NAN;
    for (std::int64_t k = 0; k < job.categories; ++k)
      own[k * job.pixels] = share * weight(own[k * job.pixels]);
  }
}

}  // namespace cag::kernels::cuda
