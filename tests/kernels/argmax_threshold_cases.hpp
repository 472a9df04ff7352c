#pragma once

#include <cmath>
#include <vector>

#include <cag/kernels/argmax_threshold.hpp>

#include <catch2/catch.hpp>

#include "maps.hpp"

// What is expected of argmax_threshold, whoever runs it: run(logits, test) -> Thresholded.
namespace cag::kernels::test {

struct Thresholded {
  std::vector<std::int64_t> label;
  std::vector<float> probability;
};

template <typename Run>
void expect_labels_above_threshold(const Run& run) {
  // Probabilities of the larger: 1/2, 3/4, 4/5, 9/10.
  const Map logits{1, 2, 4, {0, 0, std::log(4.0F), std::log(9.0F), 0, std::log(3.0F), 0, 0}};
  using Labels = std::vector<std::int64_t>;
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(logits, layout);
    const auto result = run(stored.view(), ProbabilityTest{.threshold = 0.77F});
    CHECK(result.label == Labels{250, 250, 0, 0});
    CHECK(result.probability[0] == 0.5F);
    CHECK(result.probability[1] == Approx(0.75));
    CHECK(result.probability[2] == Approx(0.8));
    CHECK(result.probability[3] == Approx(0.9));
    CHECK(run(stored.view(), ProbabilityTest{.threshold = 0.7F}).label == Labels{250, 1, 0, 0});
    // A probability of exactly the threshold, and the first of equal logits.
    CHECK(run(stored.view(), ProbabilityTest{.threshold = 0.5F}).label == Labels{250, 1, 0, 0});
    CHECK(run(stored.view(), ProbabilityTest{.threshold = 0.5F, .strict = false}).label ==
          Labels{0, 1, 0, 0});
  }
}

/// In float64, but for labels nearer to the threshold than 1e-5.
template <typename Run>
void expect_probabilities(const Run& run, std::int64_t images, std::int64_t channels,
                          std::int64_t pixels) {
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast})
    for (const auto element : {Element::kFloat32, Element::kBFloat16, Element::kFloat16}) {
      CAPTURE(images, channels, pixels, layout, element);
      auto drawn = random_map(images, channels, pixels, 5);
      // Gaps of every size.
      for (std::int64_t n = 0; n < images; ++n)
        for (std::int64_t p = 0; p < pixels; ++p)
          drawn.values[(n * channels + p % channels) * pixels + p] +=
              static_cast<float>(p % 23) * 0.5F;
      const auto logits = rounded(drawn, element);
      const Stored stored(drawn, layout, element);
      for (const float threshold : {0.95F, 0.3F, 0.999F, 0.0F, -1.0F, 1.5F}) {
        CAPTURE(threshold);
        const auto got = run(stored.view(), ProbabilityTest{.threshold = threshold});
        std::int64_t wrong = 0, far = 0;
        for (std::int64_t n = 0; n < images; ++n)
          for (std::int64_t p = 0; p < pixels; ++p) {
            std::int64_t best = 0;
            for (std::int64_t k = 1; k < channels; ++k)
              if (logits.at(n, k, p) > logits.at(n, best, p)) best = k;
            double sum = 0;
            for (std::int64_t k = 0; k < channels; ++k)
              sum += std::exp(double{logits.at(n, k, p)} - logits.at(n, best, p));
            const auto i = n * pixels + p;
            far += !(std::abs(got.probability[i] - 1 / sum) <= 5e-6 / sum);
            wrong += std::abs(1 / sum - threshold) >= 1e-5 &&
                     got.label[i] != (1 / sum > threshold ? best : 250);
          }
        CHECK(wrong == 0);
        CHECK(far == 0);
      }
    }
}

template <typename Run>
void expect_no_label_without_probabilities(const Run& run) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  auto logits = random_map(1, 5, 40);
  for (std::int64_t p = 0; p < 40; ++p) logits.values[p] += 20;
  const auto set = [&](std::int64_t p, float value) { logits.values[3 * 40 + p] = value; };
  set(1, kNaN);
  set(2, HUGE_VALF);
  set(3, -HUGE_VALF);  // an impossible category is no fault
  for (std::int64_t k = 0; k < 5; ++k) logits.values[k * 40 + 4] = -HUGE_VALF;
  logits.values[39] = kNaN;
  std::vector<std::int64_t> expected(40, 0);
  for (const auto p : {1, 2, 4, 39}) expected[p] = 250;
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(logits, layout);
    for (const auto test : {ProbabilityTest{}, ProbabilityTest{.threshold = 0, .strict = false}}) {
      const auto result = run(stored.view(), test);
      CHECK(result.label == expected);
      for (std::size_t p = 0; p < 40; ++p)
        CHECK(std::isnan(result.probability[p]) == (expected[p] == 250));
      CHECK(result.probability[3] > 0.99F);
    }
  }
}

}  // namespace cag::kernels::test
