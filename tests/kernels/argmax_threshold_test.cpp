#include <cag/kernels/argmax_threshold.hpp>

#include <algorithm>
#include <tuple>

#include <catch2/catch.hpp>

#include "maps.hpp"
#include "targets.hpp"
#include "threads.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Labels = std::vector<std::int64_t>;

struct Result {
  Labels label;
  std::vector<float> probability;
};

Result run(const FeatureMap& logits, const ProbabilityTest& test, const Parallel& parallel = {}) {
  const auto size = static_cast<std::size_t>(logits.images * logits.pixels);
  Result result{Labels(size, -1), std::vector<float>(size, -1)};
  argmax_threshold(logits, test,
                   {.label = result.label.data(), .probability = result.probability.data()},
                   parallel);
  return result;
}

Labels labels_alone(const FeatureMap& logits, const ProbabilityTest& test) {
  Labels label(logits.images * logits.pixels, -1);
  argmax_threshold(logits, test, {.label = label.data()});
  return label;
}

/// In float64; labels nearer to the threshold than `unsure` are -1.
Result oracle(const Map& logits, double threshold, double unsure) {
  Result result;
  for (std::int64_t n = 0; n < logits.images; ++n)
    for (std::int64_t p = 0; p < logits.pixels; ++p) {
      std::int64_t best = 0;
      for (std::int64_t k = 1; k < logits.channels; ++k)
        if (logits.at(n, k, p) > logits.at(n, best, p)) best = k;
      double sum = 0;
      for (std::int64_t k = 0; k < logits.channels; ++k)
        sum += std::exp(double{logits.at(n, k, p)} - logits.at(n, best, p));
      result.probability.push_back(static_cast<float>(1 / sum));
      result.label.push_back(std::abs(1 / sum - threshold) < unsure ? -1
                             : 1 / sum > threshold                  ? best
                                                                    : 250);
    }
  return result;
}

}  // namespace

TEST_CASE("argmax_threshold labels a pixel whose largest probability is above the threshold") {
  const OnTarget on(GENERATE(from_range(targets())));
  // Probabilities of the larger: 1/2, 3/4, 4/5, 9/10.
  const Map logits{1, 2, 4, {0, 0, std::log(4.0F), std::log(9.0F), 0, std::log(3.0F), 0, 0}};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(logits, layout);
    const auto result = run(stored.view(), {.threshold = 0.77F});
    CHECK(result.label == Labels{250, 250, 0, 0});
    CHECK(result.probability[0] == 0.5F);
    CHECK(result.probability[1] == Approx(0.75));
    CHECK(result.probability[2] == Approx(0.8));
    CHECK(result.probability[3] == Approx(0.9));
    CHECK(labels_alone(stored.view(), {.threshold = 0.7F}) == Labels{250, 1, 0, 0});
    // A probability of exactly the threshold, and the first of equal logits.
    CHECK(labels_alone(stored.view(), {.threshold = 0.5F}) == Labels{250, 1, 0, 0});
    CHECK(labels_alone(stored.view(), {.threshold = 0.5F, .strict = false}) == Labels{0, 1, 0, 0});
  }
}

TEST_CASE("argmax_threshold agrees with float64 at every size, layout, element and threshold") {
  const OnTarget on(GENERATE(from_range(targets())));
  const auto [images, channels, pixels] =
      GENERATE(std::tuple{1, 19, 1000}, std::tuple{2, 11, 45}, std::tuple{1, 1, 1},
               std::tuple{3, 2, 7}, std::tuple{1, 1024, 33}, std::tuple{2, 16, 4100});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  CAPTURE(images, channels, pixels, layout, element);
  auto logits = random_map(images, channels, pixels, 5);
  // Gaps of every size.
  for (std::int64_t n = 0; n < images; ++n)
    for (std::int64_t p = 0; p < pixels; ++p)
      logits.values[(n * channels + p % channels) * pixels + p] +=
          static_cast<float>(p % 23) * 0.5F;
  const Stored stored(logits, layout, element);
  for (const float threshold : {0.95F, 0.3F, 0.999F, 0.0F, -1.0F, 1.5F}) {
    CAPTURE(threshold);
    const ProbabilityTest test{.threshold = threshold};
    const auto got = run(stored.view(), test);
    const auto expected = oracle(rounded(logits, element), threshold, 1e-5);
    std::int64_t wrong = 0, far = 0, apart = 0;
    const auto alone = labels_alone(stored.view(), test);
    for (std::size_t i = 0; i < got.label.size(); ++i) {
      wrong += expected.label[i] != -1 && got.label[i] != expected.label[i];
      far += !(std::abs(got.probability[i] - expected.probability[i]) <=
               5e-6 * expected.probability[i]);
      apart += alone[i] != got.label[i];
    }
    CHECK(wrong == 0);
    CHECK(far == 0);
    CHECK(apart == 0);
    CHECK(run(stored.view(), test, threads()).label == got.label);
  }
}

TEST_CASE("argmax_threshold never calls a pixel active whose probabilities are none") {
  const OnTarget on(GENERATE(from_range(targets())));
  auto logits = random_map(1, 5, 40);
  for (std::int64_t p = 0; p < 40; ++p) logits.values[p] += 20;
  const auto set = [&](std::int64_t p, float value) { logits.values[3 * 40 + p] = value; };
  set(1, kNaN);
  set(2, kInfinity);
  set(3, -kInfinity);  // an impossible category is no fault
  for (std::int64_t k = 0; k < 5; ++k) logits.values[k * 40 + 4] = -kInfinity;
  logits.values[39] = kNaN;
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(logits, layout);
    const auto result = run(stored.view(), {});
    Labels expected(40, 0);
    for (const auto p : {1, 2, 4, 39}) {
      expected[p] = 250;
      CHECK(std::isnan(result.probability[p]));
    }
    CHECK(result.label == expected);
    CHECK(result.probability[3] > 0.99F);
    CHECK(labels_alone(stored.view(), {}) == expected);
    CHECK(labels_alone(stored.view(), {.threshold = 0, .strict = false}) == expected);
  }
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
