#include <cag/kernels/own_distance.hpp>

#include <algorithm>

#include "cpu/own_distance.hpp"

namespace cag::kernels {
namespace {

void run(const Parallel& parallel, cpu::OwnDistanceJob& job, Parallel::Task task) noexcept {
  job.blocks = (job.map.pixels + job.block - 1) / job.block;
  parallel.run(parallel.pool, job.map.images * job.blocks, task, &job);
}

}  // namespace

DistanceSum own_distance(const FeatureMap& map, const OwnAnchors& anchors,
                         const std::uint8_t* classes, const OwnDistances& out,
                         const Parallel& parallel) noexcept {
  cpu::OwnDistanceJob job{.map = map, .anchors = anchors, .classes = classes, .distances = out};
  for (std::int64_t r = 0; r < anchors.anchors; ++r) {
    const auto k = anchors.category[r];
    if (job.count[k]++ == 0) job.first[k] = static_cast<std::int16_t>(r);
    job.most = std::max<std::int64_t>(job.most, job.count[k]);
  }
  job.block = std::clamp(cpu::kOwnSums / job.most / 16 * 16, std::int64_t{16}, cpu::kOwnBlock);
  run(parallel, job, [](void* argument, std::int64_t task) {
    cpu::own_distance_task(*static_cast<const cpu::OwnDistanceJob*>(argument), task);
  });

  // In one order, whatever the threads; side by side, so that additions need not wait.
  constexpr std::int64_t kSums = 16;
  double sums[kSums] = {};
  DistanceSum sum;
  const auto size = map.images * map.pixels;
  for (std::int64_t i = 0; i < size; ++i) sums[i % kSums] += out.distance[i];
  for (const auto part : sums) sum.distance += part;
  sum.pixels = size - std::count(out.nearest, out.nearest + size, -1);
  return sum;
}

void own_distance_gradient(const FeatureMap& map, const OwnAnchors& anchors, const OwnDistances& at,
                           float scale, const MutableFeatureMap& gradient,
                           const Parallel& parallel) noexcept {
  cpu::OwnDistanceJob job{.map = map,
                          .anchors = anchors,
                          .distances = at,
                          .gradient = gradient,
                          .scale = scale,
                          .block = cpu::kOwnBlock};
  run(parallel, job, [](void* argument, std::int64_t task) {
    cpu::own_distance_gradient_task(*static_cast<const cpu::OwnDistanceJob*>(argument), task);
  });
}

}  // namespace cag::kernels
