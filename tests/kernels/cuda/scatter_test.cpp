#include "cuda/scatter_body.hpp"

#include <algorithm>
#include <tuple>

#include "../block_executor.hpp"
#include "../scatter_cases.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

void run(const std::vector<float>& rows, std::int64_t categories,
         const std::vector<std::uint8_t>& classes, const MutableFeatureMap& map) {
  const cuda::ScatterJob job{rows.data(), static_cast<int>(categories), classes.data(), map};
  REQUIRE(job.shared_bytes() <= 48 << 10);
  launch(job.tasks(), job.kThreads, job.shared_bytes(),
         [&](const HostBlock& block) { cuda::scatter_body(block, job); });
}

}  // namespace

TEST_CASE("the body of scatter gives each pixel its category's row") {
  const auto [images, channels, pixels, categories] =
      GENERATE(std::tuple{1, 20, 1100, 19}, std::tuple{2, 8, 45, 11}, std::tuple{1, 1, 1, 1},
               std::tuple{3, 5, 7, 2}, std::tuple{1, 130, 36, 24}, std::tuple{2, 3, 300, 255});
  expect_rows(run, images, channels, pixels, categories);
}

TEST_CASE("the body of scatter rounds half types to the nearest, ties to even") {
  expect_rounding(run);
}

TEST_CASE("the body of scatter races with nobody", "[race]") {
  const auto rows = random_map(1, 1, 2 * 5 * 20).values;
  const auto classes = classes_of(random_labels(88, 5, 9), 5);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    Room<float> room(2, 20, 44, layout, Element::kFloat32, NAN);
    run(rows, 5, classes, room.view);
    CHECK(std::none_of(room.values.begin(), room.values.end(),
                       [](float value) { return std::isnan(value); }));
  }
}
