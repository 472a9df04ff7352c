#include <cag/anchor/update_rule.hpp>

#include <cag/anchor/moving_average.hpp>
#include <cag/anchor/pixel_mean.hpp>
#include <cag/anchor/running_mean.hpp>

#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

/// One image per entry, with one category: its mean and how many pixels it is over.
struct Observation {
  std::int64_t category;
  double mean;
  std::int64_t pixels;
};

ClassSums sums_of(std::initializer_list<Observation> observations, std::int64_t categories = 2,
                  std::int64_t width = 2) {
  const auto images = static_cast<std::int64_t>(observations.size());
  ClassSums result{at::zeros({images, categories, width}, at::kDouble),
                   at::zeros({images, categories}, at::kLong)};
  std::int64_t image = 0;
  for (const auto& [category, mean, pixels] : observations) {
    result.sums[image][category].fill_(mean * static_cast<double>(pixels));
    result.pixels[image][category].fill_(pixels);
    ++image;
  }
  return result;
}

double value_of(const Anchors& anchors, std::int64_t category) {
  return anchors.vectors[category][1].item<double>();
}

std::int64_t count_of(const Anchors& anchors, std::int64_t category) {
  return anchors.counts[category].item<std::int64_t>();
}

}  // namespace

TEST_CASE("RunningMean weighs images, not pixels") {
  auto anchors = Anchors::zeros(2, 2);
  anchor::RunningMean{}(anchors, sums_of({{0, 1, 10}, {0, 4, 1000}, {0, 7, 20}}));
  CHECK(value_of(anchors, 0) == Approx(4));
  CHECK(count_of(anchors, 0) == 3);
}

TEST_CASE("PixelMean weighs pixels, and counts them") {
  auto anchors = Anchors::zeros(2, 2);
  anchor::PixelMean{}(anchors, sums_of({{0, 1, 3}, {0, 5, 1}}));
  CHECK(value_of(anchors, 0) == Approx(2));
  CHECK(count_of(anchors, 0) == 4);
  anchor::PixelMean{}(anchors, sums_of({{0, 8, 2}}));
  CHECK(value_of(anchors, 0) == Approx(4));
  CHECK(count_of(anchors, 0) == 6);
}

TEST_CASE("PixelMean over batches equals the centroid of all their pixels") {
  at::manual_seed(4);
  const auto features = at::rand({6, 3, 4, 5}, at::kDouble);
  const auto labels = at::randint(0, 2, {6, 4, 5}, at::kLong);
  auto anchors = Anchors::zeros(3, 3);
  for (std::int64_t n = 0; n < 6; n += 2) {
    anchor::PixelMean{}(anchors,
                        ClassSums::of(features.narrow(0, n, 2), labels.narrow(0, n, 2), 3));
  }
  const auto pixels = features.permute({0, 2, 3, 1}).reshape({-1, 3});
  for (std::int64_t k = 0; k < 2; ++k) {
    const auto of_k = labels.reshape({-1}).eq(k).nonzero().squeeze(1);
    CHECK(close(anchors.vectors[k], pixels.index_select(0, of_k).mean(0), 1e-12));
  }
}

TEST_CASE("RunningMean stops counting at its cap and then moves by 1 / (cap + 1)") {
  auto anchors = Anchors::zeros(2, 2);
  const anchor::RunningMean rule{.cap = 3};
  rule(anchors, sums_of({{0, 2, 10}, {0, 2, 10}, {0, 2, 10}}));
  REQUIRE(count_of(anchors, 0) == 3);
  rule(anchors, sums_of({{0, 6, 10}}));
  CHECK(value_of(anchors, 0) == Approx(3));  // (3 * 2 + 6) / 4
  CHECK(count_of(anchors, 0) == 3);
  rule(anchors, sums_of({{0, 7, 10}}));
  CHECK(value_of(anchors, 0) == Approx(4));  // (3 * 3 + 7) / 4
}

TEST_CASE("RunningMean without a cap is a plain mean however long it runs") {
  auto anchors = Anchors::zeros(2, 2);
  anchors.counts.fill_(3000);
  anchors.vectors.fill_(1);
  anchor::RunningMean{.cap = 0}(anchors, sums_of({{0, 3002, 10}}));
  CHECK(value_of(anchors, 0) == Approx(2));
  CHECK(count_of(anchors, 0) == 3001);
}

TEST_CASE("MovingAverage is a running mean during its warm-up, then an average with momentum") {
  auto anchors = Anchors::zeros(2, 2);
  const anchor::MovingAverage rule{.momentum = 0.75, .warm_up = 2, .cap = 4};
  rule(anchors, sums_of({{0, 1, 10}, {0, 3, 10}}));
  CHECK(value_of(anchors, 0) == Approx(2));
  rule(anchors, sums_of({{0, 6, 10}}));
  CHECK(value_of(anchors, 0) == Approx(3));  // 0.75 * 2 + 0.25 * 6
  rule(anchors, sums_of({{0, 3, 10}, {0, 3, 10}}));
  CHECK(value_of(anchors, 0) == Approx(3));
  CHECK(count_of(anchors, 0) == 4);
}

TEST_CASE("MovingAverage's default warm-up ends with the hundredth observation") {
  const auto v = GENERATE(values<std::int64_t>({99, 100}));
  auto anchors = Anchors::zeros(2, 2);
  anchors.counts.fill_(v);
  anchors.vectors.fill_(1);
  anchor::MovingAverage{}(anchors, sums_of({{0, 101, 10}}));
  CHECK(value_of(anchors, 0) == Approx(v == 99 ? 2 : 1.01).epsilon(1e-12));
}

TEMPLATE_TEST_CASE("A mean over images leaves out features that never fired and thin categories",
                   "", anchor::RunningMean, anchor::MovingAverage) {
  auto anchors = Anchors::zeros(2, 2);
  const TestType rule;
  rule(anchors, sums_of({{0, 0, 50}, {1, 3, 9}}));
  CHECK(same(anchors.counts, ints({0, 0})));
  rule(anchors, sums_of({{1, 3, 10}}));
  CHECK(same(anchors.counts, ints({0, 1})));
}

TEMPLATE_TEST_CASE("An update rule changes only the categories that have pixels", "",
                   anchor::RunningMean, anchor::MovingAverage, anchor::PixelMean) {
  at::manual_seed(5);
  Anchors anchors{at::rand({3, 2}, at::kDouble), ints({7, 8, 9})};
  const auto before = anchors.vectors.clone();
  TestType{}(anchors, sums_of({{1, 5, 20}}, 3));
  CHECK(same(anchors.vectors[0], before[0]));
  CHECK(same(anchors.vectors[2], before[2]));
  CHECK_FALSE(same(anchors.vectors[1], before[1]));
  CHECK(anchors.counts[0].item<std::int64_t>() == 7);
  CHECK(anchors.counts[1].item<std::int64_t>() > 8);
  CHECK_FALSE(anchors.vectors.requires_grad());
}

TEMPLATE_TEST_CASE("An update rule treats categories alike", "", anchor::RunningMean,
                   anchor::MovingAverage, anchor::PixelMean) {
  auto forward = Anchors::zeros(2, 2);
  auto swapped = Anchors::zeros(2, 2);
  TestType{}(forward, sums_of({{0, 1, 10}, {1, 2, 12}, {0, 3, 14}}));
  TestType{}(swapped, sums_of({{1, 1, 10}, {0, 2, 12}, {1, 3, 14}}));
  CHECK(same(forward.vectors.flip(0), swapped.vectors));
  CHECK(same(forward.counts.flip(0), swapped.counts));
}

TEMPLATE_TEST_CASE("An update rule rejects sums of another width or category count", "",
                   anchor::RunningMean, anchor::MovingAverage, anchor::PixelMean) {
  auto anchors = Anchors::zeros(2, 2);
  CHECK_THAT(message_of([&] {
               TestType{}(anchors, sums_of({{0, 1, 10}}, 2, 3));
             }),
             Contains("width") && Contains("2, got 3"));
  CHECK_THAT(message_of([&] {
               TestType{}(anchors, sums_of({{3, 1, 10}}, 4));
             }),
             Contains("2 categories, got 4"));
  Anchors single_precision{at::zeros({2, 2}), ints({0, 0})};
  CHECK_THAT(message_of([&] {
               TestType{}(single_precision, sums_of({{0, 1, 10}}));
             }),
             Contains("float64"));
}
