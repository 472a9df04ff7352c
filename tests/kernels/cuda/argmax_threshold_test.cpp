#include "cuda/argmax_threshold_body.hpp"

#include <tuple>

#include "../argmax_threshold_cases.hpp"
#include "../block_executor.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

Thresholded run(const FeatureMap& logits, const ProbabilityTest& test) {
  const auto size = static_cast<std::size_t>(logits.images * logits.pixels);
  Thresholded result{std::vector<std::int64_t>(size, -1), std::vector<float>(size, -1)};
  const cuda::ArgmaxThresholdJob job{
      logits, test, {.label = result.label.data(), .probability = result.probability.data()}};
  launch(job.tasks(), job.kThreads, 0,
         [&](const HostBlock& block) { cuda::argmax_threshold_body(block, job); });
  return result;
}

}  // namespace

TEST_CASE("the body of argmax_threshold labels what is above the threshold") {
  expect_labels_above_threshold(run);
}

TEST_CASE("the body of argmax_threshold agrees with float64") {
  const auto [images, channels, pixels] =
      GENERATE(std::tuple{1, 19, 700}, std::tuple{2, 11, 45}, std::tuple{1, 1, 1},
               std::tuple{3, 2, 7}, std::tuple{1, 1024, 33});
  expect_probabilities(run, images, channels, pixels);
}

TEST_CASE("the body of argmax_threshold never calls a pixel active whose probabilities are none") {
  expect_no_label_without_probabilities(run);
}
