#include <cag/eval/confusion_matrix.hpp>

#include <cmath>

#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

ConfusionMatrix example() {
  ConfusionMatrix matrix(3);
  matrix.add(ints({0, 0, 0, 1, 1, 0}), ints({0, 0, 1, 1, 0, 0}));
  return matrix;  // 3 1 0 / 1 1 0 / 0 0 0
}

}  // namespace

TEST_CASE("ConfusionMatrix counts pairs of truth and prediction") {
  CHECK(same(example().counts(), ints({3, 1, 0, 1, 1, 0, 0, 0, 0}).view({3, 3})));
}

TEST_CASE("IoU is the intersection over the union of truth and prediction") {
  const auto iou = example().iou();
  CHECK(close(iou, doubles({3.0 / 5, 1.0 / 3, kNan}), 1e-15));
  CHECK(example().mean_iou() == Approx((3.0 / 5 + 1.0 / 3) / 2));
  CHECK(example().pixel_accuracy() == Approx(4.0 / 6));
}

TEST_CASE("A category that is only predicted has IoU zero and counts in the mean") {
  ConfusionMatrix matrix(3);
  matrix.add(ints({0, 0}), ints({0, 2}));
  CHECK(close(matrix.iou(), doubles({0.5, kNan, 0}), 1e-15));
  CHECK(matrix.mean_iou() == Approx(0.25));
}

TEST_CASE("Pixels whose truth is outside the categories are left out, whatever is predicted") {
  auto matrix = example();
  matrix.add(ints({kIgnoreIndex, 3, -1}), ints({0, 250, -7}));
  CHECK(same(matrix.counts(), example().counts()));
}

TEST_CASE("Adding matrices equals adding their pixels") {
  at::manual_seed(15);
  const auto truth = at::randint(0, 5, {4, 6, 7}, at::kLong);
  const auto prediction = at::randint(0, 4, {4, 6, 7}, at::kLong);
  ConfusionMatrix whole(4);
  whole.add(truth, prediction);
  ConfusionMatrix first(4);
  first.add(truth.narrow(0, 0, 1), prediction.narrow(0, 0, 1));
  ConfusionMatrix second(4);
  second.add(truth.narrow(0, 1, 3), prediction.narrow(0, 1, 3));
  first.add(second);
  CHECK(same(first.counts(), whole.counts()));
}

TEST_CASE("An empty ConfusionMatrix has no mean") {
  const ConfusionMatrix matrix(3);
  CHECK(std::isnan(matrix.mean_iou()));
  CHECK(std::isnan(matrix.pixel_accuracy()));
  CHECK(matrix.counts().eq(0).all().item<bool>());
}

TEST_CASE("ConfusionMatrix::from takes a copy of counts") {
  const auto counts = ints({3, 1, 1, 1}).view({2, 2});
  auto matrix = ConfusionMatrix::from(counts);
  matrix.add(ints({0}), ints({0}));
  CHECK(same(counts, ints({3, 1, 1, 1}).view({2, 2})));
  CHECK(same(matrix.counts(), ints({4, 1, 1, 1}).view({2, 2})));
}

TEST_CASE("ConfusionMatrix says what is wrong with its input") {
  auto matrix = example();
  CHECK_THAT(message_of([&] {
               matrix.add(ints({0, 1}), ints({0, 3}));
             }),
             Contains("predictions below 3, got 3"));
  CHECK_THAT(message_of([&] { matrix.add(ints({0, 1}), ints({0, -1})); }), Contains("got -1"));
  CHECK_THAT(message_of([&] {
               matrix.add(ints({0, 1}), ints({0}));
             }),
             Contains("[2]") && Contains("[1]"));
  CHECK_THAT(message_of([&] { matrix.add(ConfusionMatrix(4)); }),
             Contains("4 categories") && Contains("3"));
  CHECK_THAT(message_of([] { ConfusionMatrix matrix(0); }), Contains("1 to 250 categories, got 0"));
  CHECK_THAT(message_of([] { ConfusionMatrix::from(ints({1, 2, 3})); }), Contains("counts [K, K]"));
  CHECK_THAT(message_of([] {
               ConfusionMatrix::from(ints({1, -1, 0, 0}).view({2, 2}));
             }),
             Contains(">= 0"));
  CHECK(same(matrix.counts(), example().counts()));
}
