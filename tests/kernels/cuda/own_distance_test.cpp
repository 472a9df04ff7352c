#include "cuda/own_distance_body.hpp"

#include <tuple>

#include "../block_executor.hpp"
#include "../own_distance_cases.hpp"
#include "cuda/own_gradient_body.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

struct Run {
  static OwnResult distances(const FeatureMap& map, const Anchors& anchors,
                             const std::vector<std::uint8_t>& classes) {
    const auto size = static_cast<std::size_t>(map.images * map.pixels);
    OwnResult result{std::vector<float>(size, -1), std::vector<std::int32_t>(size, -2), {}};
    cuda::OwnDistanceJob job{
        map, own(anchors), classes.data(), {result.distance.data(), result.nearest.data()}};
    std::vector<DistanceSum> partial(job.sums(), {.distance = NAN, .pixels = -1});
    job.partial = partial.data();
    launch(job.tasks(), job.kThreads, sizeof(cuda::OwnDistanceJob::Shared),
           [&](const HostBlock& block) { cuda::own_distance_body(block, job); });
    // Fewer threads than on a device: the sums are of any number.
    const cuda::DistanceSumJob all{partial.data(), job.sums(), &result.sum};
    launch(1, 64, 64 * sizeof(DistanceSum),
           [&](const HostBlock& block) { cuda::distance_sum_body(block, all); });
    return result;
  }

  static void gradient(const FeatureMap& map, const Anchors& anchors, const OwnResult& at,
                       float scale, const MutableFeatureMap& gradient) {
    auto result = at;
    const cuda::OwnGradientJob job{
        map, own(anchors), {result.distance.data(), result.nearest.data()}, &scale, gradient};
    launch(job.tasks(), job.kThreads, 0,
           [&](const HostBlock& block) { cuda::own_gradient_body(block, job); });
  }
};

}  // namespace

TEST_CASE("the bodies of own_distance measure each pixel to the nearest anchor of its own") {
  expect_own_distances_by_hand(Run());
}

TEST_CASE("the bodies of own_distance agree with float64") {
  const auto [images, channels, pixels, categories, ways] =
      GENERATE(std::tuple{1, 64, 150, 19, 1}, std::tuple{2, 24, 45, 11, 3},
               std::tuple{1, 1, 1, 1, 1}, std::tuple{3, 5, 8, 2, 2}, std::tuple{1, 130, 36, 24, 1},
               std::tuple{2, 3, 50, 255, 4}, std::tuple{1, 7, 16, 2, 30});
  expect_own_distances(Run(), images, channels, pixels, categories, ways);
}

TEST_CASE("the bodies of own_distance count nothing without anchors") {
  expect_nothing_without_anchors(Run());
}

TEST_CASE("the bodies of own_distance race with nobody", "[race]") {
  const auto anchors = anchors_of(5, 2, 12);
  const auto classes = classes_of(random_labels(70, 5, 9), 5);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(random_map(1, 12, 70), layout);
    const auto result = Run::distances(stored.view(), anchors, classes);
    CHECK(result.sum.pixels == 70 - std::count(result.nearest.begin(), result.nearest.end(), -1));
  }
}
