#pragma once

#include <cag/kernels/own_distance.hpp>

#include "element.hpp"

namespace cag::kernels::cuda {

/// The distance of each pixel to the nearest anchor of its category, and the sum over each warp's.
/// Where pixels lie side by side each lane has one, and warps share its channels; where channels
/// do, a warp has a pixel at a time.
struct OwnDistanceJob {
  FeatureMap map;
  OwnAnchors anchors;
  const std::uint8_t* classes = nullptr;
  OwnDistances out;
  DistanceSum* partial = nullptr;  ///< [tasks, warps()]

  static constexpr int kThreads = 256;
  static constexpr std::int64_t kBlock = 64;  ///< pixels of a task
  static constexpr int kGroups = static_cast<int>(kBlock) / kWarp;
  static constexpr int kParts = kThreads / kWarp / kGroups;  ///< of the channels
  static constexpr int kWays = 4;  ///< anchors of a category that features are read once for

  /// Where the anchors of each category are, and what the parts have found.
  struct Shared {
    std::uint32_t begin[kNoClass + 1], end[kNoClass + 1];
    std::uint32_t most;  ///< of any category
    float squared[kParts][kWays][kBlock];
  };

  CAG_KERNELS_BOTH bool streams() const { return map.pixel_stride == 1; }
  CAG_KERNELS_BOTH std::int64_t blocks() const { return (map.pixels + kBlock - 1) / kBlock; }
  CAG_KERNELS_BOTH std::int64_t tasks() const { return map.images * blocks(); }
  CAG_KERNELS_BOTH std::int64_t sums() const { return tasks() * (kThreads / kWarp); }
};

template <typename Block>
CAG_KERNELS_DEVICE void find_own_anchors(const Block& block, const OwnDistanceJob& job) {
  auto& shared = *static_cast<OwnDistanceJob::Shared*>(block.shared());
  for (int k = block.thread(); k <= kNoClass; k += block.threads())
    shared.begin[k] = shared.end[k] = 0;
  if (block.thread() == 0) shared.most = 0;
  block.barrier();
  const auto* const category = job.anchors.category;
  const int anchors = static_cast<int>(job.anchors.anchors);
  for (int r = block.thread(); r < anchors; r += block.threads()) {
    if (r == 0 || category[r - 1] != category[r]) shared.begin[category[r]] = r;
    if (r == anchors - 1 || category[r + 1] != category[r]) shared.end[category[r]] = r + 1;
  }
  block.barrier();
  for (int k = block.thread(); k < kNoClass; k += block.threads())
    if (shared.end[k] != 0) block.max(&shared.most, shared.end[k] - shared.begin[k]);
  block.barrier();
}

/// What a lane knows of a pixel.
struct OwnNearest {
  float squared = HUGE_VALF;
  std::int32_t anchor = -1;
};

/// Writes the sums over a warp's lanes.
template <typename Block>
CAG_KERNELS_DEVICE void write_sum(const Block& block, const OwnDistanceJob& job, std::int64_t task,
                                  double distance, std::int64_t pixels) {
  for (int by = kWarp / 2; by > 0; by /= 2) {
    distance += block.shuffle_down(distance, by);
    pixels += block.shuffle_down(pixels, by);
  }
  if (block.thread() % kWarp != 0) return;
  auto& sum = job.partial[task * (block.threads() / kWarp) + block.thread() / kWarp];
  sum.distance = distance;
  sum.pixels = pixels;
}

/// Writes what was found of a pixel.
/// @return its distance, 0 where it does not count
CAG_KERNELS_DEVICE float write_own(const OwnDistanceJob& job, std::int64_t at,
                                   const OwnNearest& found) {
  const float distance = found.anchor < 0 ? 0 : sqrtf(found.squared);
  job.out.distance[at] = distance;
  job.out.nearest[at] = found.anchor;
  return distance;
}

/// squares[way] += (pixel - anchor)² over channels.
/// @param anchors  of each way
template <int kWays, typename Read>
CAG_KERNELS_DEVICE void add_squares(const FeatureMap& map, const Read& read, std::int64_t at,
                                    const float* const (&anchors)[kWays], std::int64_t begin,
                                    std::int64_t end, std::int64_t step, float (&squares)[kWays]) {
  CAG_KERNELS_UNROLL_8
  for (auto c = begin; c < end; c += step) {
    const float value = read(at + c * map.channel_stride);
    CAG_KERNELS_UNROLL
    for (int way = 0; way < kWays; ++way) {
      const float away = value - anchors[way][c];
      squares[way] = fmaf(away, away, squares[way]);
    }
  }
}

/// As add_squares does, for as many anchors as the pixel's category has, from `first` to `end`.
template <typename Read>
CAG_KERNELS_DEVICE void add_squares_of(const OwnDistanceJob& job, const Read& read, std::int64_t at,
                                       std::uint32_t first, std::uint32_t end, std::int64_t c,
                                       std::int64_t last, std::int64_t step,
                                       float (&squares)[OwnDistanceJob::kWays]) {
  const auto width = job.map.channels;
  if (end - first == 1) {
    const float* const anchor[1] = {job.anchors.vectors + first * width};
    float square[1] = {};
    add_squares<1>(job.map, read, at, anchor, c, last, step, square);
    squares[0] = square[0];
    return;
  }
  const float* anchors[OwnDistanceJob::kWays];
  CAG_KERNELS_UNROLL
  for (int way = 0; way < OwnDistanceJob::kWays; ++way)
    anchors[way] = job.anchors.vectors + (first + way < end ? first + way : first) * width;
  add_squares<OwnDistanceJob::kWays>(job.map, read, at, anchors, c, last, step, squares);
}

template <typename Block, typename Read>
CAG_KERNELS_DEVICE void own_distance_planes(const Block& block, const OwnDistanceJob& job,
                                            const Read& read, std::int64_t task) {
  using Job = OwnDistanceJob;
  auto& shared = *static_cast<Job::Shared*>(block.shared());
  const auto& map = job.map;
  const int lane = block.thread() % kWarp, warp = block.thread() / kWarp;
  const int group = warp % Job::kGroups, part = warp / Job::kGroups;
  const int slot = group * kWarp + lane;
  const auto image = task / job.blocks(), pixel = task % job.blocks() * Job::kBlock + slot;
  const bool inside = pixel < map.pixels;
  const int k = inside ? job.classes[image * map.pixels + pixel] : kNoClass;
  const auto begin = shared.begin[k], end = shared.end[k];
  const auto at = image * map.image_stride + pixel;
  OwnNearest found;
  for (std::uint32_t way = 0; way < shared.most; way += Job::kWays) {
    float squares[Job::kWays] = {};
    if (begin + way < end)
      add_squares_of(job, read, at, begin + way, end, map.channels * part / Job::kParts,
                     map.channels * (part + 1) / Job::kParts, 1, squares);
    CAG_KERNELS_UNROLL
    for (int w = 0; w < Job::kWays; ++w) shared.squared[part][w][slot] = squares[w];
    block.barrier();
    if (part == 0) {
      for (int w = 0; w < Job::kWays && begin + way + w < end; ++w) {
        float squared = 0;
        CAG_KERNELS_UNROLL
        for (int other = 0; other < Job::kParts; ++other) squared += shared.squared[other][w][slot];
        if (found.anchor < 0 || squared < found.squared)
          found = {squared, static_cast<std::int32_t>(begin + way + w)};
      }
    }
    block.barrier();
  }
  const bool writes = part == 0 && inside;
  const float distance = writes ? write_own(job, image * map.pixels + pixel, found) : 0;
  write_sum(block, job, task, distance, found.anchor >= 0 ? 1 : 0);
}

template <typename Block, typename Read>
CAG_KERNELS_DEVICE void own_distance_rows(const Block& block, const OwnDistanceJob& job,
                                          const Read& read, std::int64_t task) {
  using Job = OwnDistanceJob;
  const auto& shared = *static_cast<Job::Shared*>(block.shared());
  const auto& map = job.map;
  const int lane = block.thread() % kWarp, warps = block.threads() / kWarp;
  const auto image = task / job.blocks(), first = task % job.blocks() * Job::kBlock;
  const auto last = first + Job::kBlock < map.pixels ? first + Job::kBlock : map.pixels;
  double sum = 0;
  std::int64_t pixels = 0;
  for (auto p = first + block.thread() / kWarp; p < last; p += warps) {
    const int k = job.classes[image * map.pixels + p];
    const auto begin = shared.begin[k], end = shared.end[k];
    OwnNearest found;
    for (auto way = begin; way < end; way += Job::kWays) {
      float squares[Job::kWays] = {};
      add_squares_of(job, read, image * map.image_stride + p * map.pixel_stride, way, end, lane,
                     map.channels, kWarp, squares);
      CAG_KERNELS_UNROLL
      for (int w = 0; w < Job::kWays; ++w) {
        if (way + w >= end) break;
        for (int by = kWarp / 2; by > 0; by /= 2) squares[w] += block.shuffle_down(squares[w], by);
        if (found.anchor < 0 || squares[w] < found.squared)
          found = {squares[w], static_cast<std::int32_t>(way + w)};
      }
    }
    if (lane != 0) continue;
    sum += write_own(job, image * map.pixels + p, found);
    pixels += found.anchor >= 0 ? 1 : 0;
  }
  write_sum(block, job, task, sum, pixels);
}

template <typename Block>
CAG_KERNELS_DEVICE void own_distance_body(const Block& block, const OwnDistanceJob& job) {
  find_own_anchors(block, job);
  with_reader(block, job.map, [&](const auto& read) {
    for (auto task = block.index(); task < job.tasks(); task += block.count())
      job.streams() ? own_distance_planes(block, job, read, task)
                    : own_distance_rows(block, job, read, task);
  });
}

/// Adds up the sums, in one block.
struct DistanceSumJob {
  const DistanceSum* partial = nullptr;
  std::int64_t sums = 0;
  DistanceSum* out = nullptr;

  static constexpr int kThreads = 1024;
  static constexpr std::int64_t kSharedBytes = kThreads * sizeof(DistanceSum);
};

template <typename Block>
CAG_KERNELS_DEVICE void distance_sum_body(const Block& block, const DistanceSumJob& job) {
  auto* const shared = static_cast<DistanceSum*>(block.shared());
  const int thread = block.thread();
  double distance = 0;
  std::int64_t pixels = 0;
  for (std::int64_t i = thread; i < job.sums; i += block.threads()) {
    distance += job.partial[i].distance;
    pixels += job.partial[i].pixels;
  }
  shared[thread].distance = distance;
  shared[thread].pixels = pixels;
  for (int by = block.threads() / 2; by > 0; by /= 2) {
    block.barrier();
    if (thread >= by) continue;
    shared[thread].distance += shared[thread + by].distance;
    shared[thread].pixels += shared[thread + by].pixels;
  }
  if (thread == 0) *job.out = shared[0];
}

}  // namespace cag::kernels::cuda
