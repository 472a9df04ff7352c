#include <cag/kernels/argmax_threshold.hpp>

#include <tuple>

#include <catch2/catch.hpp>

#include "argmax_threshold_cases.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

using Labels = std::vector<std::int64_t>;

/// The same labels in one thread and in several, with probabilities and without.
Thresholded run(const FeatureMap& logits, const ProbabilityTest& test) {
  const auto size = static_cast<std::size_t>(logits.images * logits.pixels);
  Thresholded result{Labels(size, -1), std::vector<float>(size, -1)};
  argmax_threshold(logits, test,
                   {.label = result.label.data(), .probability = result.probability.data()});
  Labels alone(size, -1), threaded(size, -1);
  argmax_threshold(logits, test, {.label = alone.data()});
  CHECK(alone == result.label);
  argmax_threshold(logits, test, {.label = threaded.data()}, threads());
  CHECK(threaded == result.label);
  return result;
}

}  // namespace

TEST_CASE("argmax_threshold labels a pixel whose largest probability is above the threshold") {
  const OnTarget on(GENERATE(from_range(targets())));
  expect_labels_above_threshold(run);
}

TEST_CASE("argmax_threshold agrees with float64 at every size, layout, element and threshold") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto [images, channels, pixels] =
      GENERATE(std::tuple{1, 19, 1000}, std::tuple{2, 11, 45}, std::tuple{1, 1, 1},
               std::tuple{3, 2, 7}, std::tuple{1, 1024, 33}, std::tuple{2, 16, 4100});
  expect_probabilities(run, images, channels, pixels);
}

TEST_CASE("argmax_threshold never calls a pixel active whose probabilities are none") {
  const OnTarget on(GENERATE(from_range(targets())));
  expect_no_label_without_probabilities(run);
}

TEST_CASE("argmax_threshold writes only what is asked for, and nothing for an empty map") {
  const Stored stored(random_map(1, 4, 50), Layout::kContiguous);
  std::vector<float> probability(50);
  argmax_threshold(stored.view(), {}, {.probability = probability.data()});
  CHECK(probability == run(stored.view(), {}).probability);
  Labels label(50, 1);
  argmax_threshold(stored.view(), {.threshold = 1}, {.label = label.data(), .ignore = -7});
  CHECK(label == Labels(50, -7));
  auto empty = stored.view();
  empty.images = 0;
  argmax_threshold(empty, {}, {.label = label.data()});
  empty.images = 1;
  empty.pixels = 0;
  argmax_threshold(empty, {}, {.label = label.data()});
  CHECK(label == Labels(50, -7));
}
