#include "cuda/soft_weights_body.hpp"

#include <tuple>

#include "../block_executor.hpp"
#include "../soft_weights_cases.hpp"
#include "host_anchors.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

std::vector<float> run(const FeatureMap& map, const Anchors& anchors, float temperature,
                       std::int64_t categories) {
  std::vector<float> weights(map.images * categories * map.pixels);
  std::memset(weights.data(), cuda::kNoDistanceByte, weights.size() * sizeof(float));
  const HostAnchors on_host(anchors);
  const cuda::CategoryDistanceJob job{cuda::DistanceJob(map, on_host.view()), categories,
                                      reinterpret_cast<std::uint32_t*>(weights.data())};
  const auto& distances = job.distances;
  launch(distances.tasks(), distances.threads(), distances.shared_bytes(),
         [&](const HostBlock& block) {
           cuda::AnchorTiles::with_slice(distances.tiles.slice, [&](auto slice) {
             cuda::category_distance_body<slice()>(block, job);
           });
         });
  const cuda::WeightJob share{map.images, categories, map.pixels, temperature, weights.data()};
  launch(share.tasks(), share.kThreads, 0,
         [&](const HostBlock& block) { cuda::weight_body(block, share); });
  return weights;
}

}  // namespace

TEST_CASE("the bodies of soft_weights share a pixel by its distances") {
  expect_shares_by_hand(run);
}

TEST_CASE("the bodies of soft_weights agree with float64 for every division of the anchors") {
  const auto [images, channels, pixels, anchors, ways] = GENERATE(
      std::tuple{1, 64, 300, 19, 1}, std::tuple{2, 24, 45, 33, 3}, std::tuple{1, 1, 1, 1, 1},
      std::tuple{3, 5, 7, 4, 2}, std::tuple{1, 7, 40, 70, 5}, std::tuple{1, 5, 33, 300, 7});
  expect_shares(run, images, channels, pixels, anchors, ways, 0.3F);
}

TEST_CASE("the bodies of soft_weights are NaN where distances are not finite, and only there") {
  expect_no_shares_without_finite_distances(run, 4);
  expect_no_shares_without_finite_distances(run, 300);
}

TEST_CASE("the bodies of soft_weights race with nobody", "[race]") {
  // Categories of three anchors, which two slices share.
  auto anchors = random_anchors(40, 9);
  for (auto& category : anchors.category) category /= 3;
  const auto weights =
      run(Stored(random_map(1, 9, 40), Layout::kContiguous).view(), anchors, 1, 14);
  for (std::int64_t p = 0; p < 40; ++p) {
    float sum = 0;
    for (std::int64_t k = 0; k < 14; ++k) sum += weights[k * 40 + p];
    CHECK(sum == Approx(1));
  }
}
