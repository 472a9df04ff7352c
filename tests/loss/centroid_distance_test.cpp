#include <cag/loss/centroid_distance.hpp>

#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include <cag/candidate/all.hpp>
#include <cag/candidate/among.hpp>
#include <cag/cap/clamp.hpp>
#include <cag/cap/none.hpp>
#include <cag/divisor/all.hpp>
#include <cag/empty/not_a_number.hpp>
#include <cag/gradient_scale/none.hpp>
#include <cag/mask/labelled.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

Anchors anchors_of(const at::Tensor& vectors) {
  return {vectors.to(at::kDouble), at::ones({vectors.size(0)}, at::kLong)};
}

/// The plainest composition: every labelled pixel, no cap, the mean's own gradient.
using Plain = loss::CentroidDistance<candidate::Seen, divisor::Competing, empty::Zero, cap::None,
                                     mask::Labelled, gradient_scale::None>;

/// Two pixels (1, 2), (3, 4) of category 0 and one (7, 7) without a label.
Prediction three_pixels() {
  return {image_of(floats({1, 2, 3, 4, 7, 7}).view({3, 2})).requires_grad_(true),
          at::zeros({1, 2, 1, 3})};
}

at::Tensor three_labels() { return ints({0, 0, kIgnoreIndex}).view({1, 1, 3}); }

/// The mean (2, 3) is (0.5, -2) away from anchor 0: SmoothL1 gives (0.125 + 1.5) / 2 = 0.8125.
Anchors two_anchors() { return anchors_of(floats({1.5, 5, 0, 0}).view({2, 2})); }

bool zero_and_finite(const at::Tensor& gradient) {
  return gradient.defined() && gradient.eq(0).all().item<bool>();
}

}  // namespace

TEST_CASE("CentroidDistance is ten times the mean SmoothL1 from class means to anchors") {
  const auto student = three_pixels();
  const auto loss = Plain{.min_pixels = 1}(student, three_labels(), two_anchors());
  CHECK(loss.item<float>() == Approx(8.125));
  loss.backward();  // 10 * (0.5, -1) / 2 for the mean, half of it for each of its pixels
  CHECK(close(student.features.grad(),
              image_of(floats({1.25, -2.5, 1.25, -2.5, 0, 0}).view({3, 2}))));
}

TEST_CASE("CentroidDistance draws a class mean to the nearest anchor of its category") {
  auto anchors = anchors_of(floats({50, 50, 1.5, 5, 2, 3}).view({3, 2}));
  anchors.owner = ints({0, 0, 1});
  CHECK(Plain{.min_pixels = 1}(three_pixels(), three_labels(), anchors).item<float>() ==
        Approx(8.125));
}

TEST_CASE("Area scales the gradient by twice the share of the map and leaves the loss") {
  using Scaled = loss::CentroidDistance<candidate::Seen, divisor::Competing, empty::Zero, cap::None,
                                        mask::Labelled, gradient_scale::Area>;
  const auto student = three_pixels();
  const auto loss = Scaled{.min_pixels = 1}(student, three_labels(), two_anchors());
  CHECK(loss.item<float>() == Approx(8.125));
  loss.backward();  // 2 * 2 / 3 of the gradient above
  CHECK(close(student.features.grad(),
              image_of(floats({1.25, -2.5, 1.25, -2.5, 0, 0}).view({3, 2})) * (4.0 / 3)));
}

TEST_CASE("CentroidDistance averages over images and categories") {
  const Prediction student{floats({1, 3, 5, 1}).view({2, 1, 1, 2}), at::zeros({2, 2, 1, 2})};
  const auto labels = ints({0, 0, 0, 1}).view({2, 1, 2});
  // Means 2, 5 and 1 against anchors 2, 2 and 3: SmoothL1 0, 2.5 and 1.5.
  const auto loss =
      Plain{.min_pixels = 1}(student, labels, anchors_of(floats({2, 3}).view({2, 1})));
  CHECK(loss.item<float>() == Approx(10 * 4.0 / 3));
}

TEST_CASE("CentroidDistance leaves out means over fewer than ten pixels") {
  const auto pixels = GENERATE(values({9, 10, 11}));
  const Prediction student{at::ones({1, 1, 1, pixels}), at::zeros({1, 2, 1, pixels})};
  const auto labels = at::zeros({1, 1, pixels}, at::kLong);
  const auto loss = Plain{}(student, labels, anchors_of(floats({3, 0}).view({2, 1})));
  CHECK(loss.item<float>() == Approx(pixels < 10 ? 0 : 15));
}

TEST_CASE("A mean whose anchor does not compete adds nothing and stays in divisor::All only") {
  auto anchors = anchors_of(floats({2, 3}).view({2, 1}));
  anchors.counts[1].fill_(0);
  const Prediction student{floats({3, 9}).view({1, 1, 1, 2}), at::zeros({1, 2, 1, 2})};
  const auto labels = ints({0, 1}).view({1, 1, 2});
  using All = loss::CentroidDistance<candidate::Seen, divisor::All, empty::Zero, cap::None,
                                     mask::Labelled, gradient_scale::None>;
  CHECK(Plain{.min_pixels = 1}(student, labels, anchors).item<float>() == Approx(5));
  CHECK(All{.min_pixels = 1}(student, labels, anchors).item<float>() == Approx(2.5));
  using Listed = loss::CentroidDistance<candidate::Among, divisor::Competing, empty::Zero,
                                        cap::None, mask::Labelled, gradient_scale::None>;
  const auto second_only = Listed{.min_pixels = 1, .candidates = {{1}}}(student, labels, anchors);
  CHECK(second_only.item<float>() == Approx(55));
}

TEST_CASE("Masking a pixel equals removing it") {
  at::manual_seed(11);
  const auto features = at::rand({2, 4, 1, 12});
  auto labels = at::zeros({2, 1, 12}, at::kLong);
  labels.narrow(2, 6, 6).fill_(1);
  auto predicted = labels.clone();
  predicted.narrow(2, 10, 2).fill_(0);  // the network disagrees with the last two pixels
  const auto anchors = anchors_of(at::rand({2, 4}));
  using Agreeing = loss::CentroidDistance<candidate::Seen, divisor::Competing, empty::Zero,
                                          cap::None, mask::Agreeing, gradient_scale::None>;
  const auto masked =
      Agreeing{.min_pixels = 1}(Prediction{features, logits_for(predicted, 2)}, labels, anchors);
  const auto removed =
      Plain{.min_pixels = 1}(Prediction{features.narrow(3, 0, 10), at::zeros({2, 2, 1, 10})},
                             labels.narrow(2, 0, 10), anchors);
  CHECK(close(masked, removed));
}

TEST_CASE("Without any class mean the loss is zero with a zero gradient, or NaN when told to") {
  const auto labels = three_labels().fill_(kIgnoreIndex);
  const auto zero_student = three_pixels();
  const auto zero = loss::CentroidDistance<>{}(zero_student, labels, two_anchors());
  CHECK(zero.item<float>() == 0);
  zero.backward();
  CHECK(zero_and_finite(zero_student.features.grad()));

  using Faithful =
      loss::CentroidDistance<candidate::All, divisor::All, empty::NotANumber, cap::Decade>;
  const auto nan_student = three_pixels();
  const auto nan = Faithful{}(nan_student, labels, two_anchors());
  CHECK(nan.isnan().item<bool>());
  nan.backward();
  CHECK(zero_and_finite(nan_student.features.grad()));
}

TEST_CASE("Decade divides a value above five by ten until it is not") {
  const auto values = floats({0, 4, 5, 5.01, 5.25, 50, 70, 5000}).requires_grad_(true);
  const auto capped = cap::Decade{}(values);
  CHECK(close(capped, floats({0, 4, 5, 0.501, 0.525, 5, 0.7, 5}), 1e-6));
  capped.sum().backward();
  CHECK(close(values.grad(), floats({1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.001})));
}

TEST_CASE("Decade leaves a value that is not finite as it is") {
  CHECK(close(cap::Decade{}(floats({kInf, kNan, 6})), floats({kInf, kNan, 0.6})));
  CHECK_THAT(message_of([] { cap::Decade{.limit = 0}(floats({1})); }),
             Contains("cap above 0, got 0"));
}

TEST_CASE("Clamp stops value and gradient at its limit") {
  const auto values = floats({4, 5.01, 70}).requires_grad_(true);
  const auto capped = cap::Clamp{}(values);
  CHECK(close(capped, floats({4, 5, 5})));
  capped.sum().backward();
  CHECK(close(values.grad(), floats({1, 0, 0})));
}

TEMPLATE_TEST_CASE("A cap leaves what is below its limit, and no value at all", "", cap::Clamp,
                   cap::Decade, cap::None) {
  CHECK(same(TestType{}(floats({0, 1, 4.999})), floats({0, 1, 4.999})));
  CHECK(TestType{}(floats({})).numel() == 0);
}

TEST_CASE("An empty mean is zero or not a number, a mean over terms is the mean for both") {
  const auto sum = floats({6}).squeeze(0);
  CHECK(empty::Zero{}(sum, floats({3}).squeeze(0)).item<float>() == 2);
  CHECK(empty::NotANumber{}(sum, floats({3}).squeeze(0)).item<float>() == 2);
  const auto zero = floats({0}).squeeze(0);
  CHECK(empty::Zero{}(zero, zero).item<float>() == 0);
  CHECK(empty::NotANumber{}(zero, zero).isnan().item<bool>());
}

TEST_CASE("A divisor counts all means or those that compete") {
  CHECK(divisor::All{}(7, 3) == 7);
  CHECK(divisor::Competing{}(7, 3) == 3);
}

TEST_CASE("A gradient scale leaves the means to the last bit") {
  at::manual_seed(12);
  const auto means = at::randn({5, 8}).mul(1000).requires_grad_(true);
  const auto pixels = ints({1, 10, 20, 30, 39});
  const auto scaled = gradient_scale::Area{.factor = 3}(means, pixels, 100);
  CHECK(same(scaled.detach(), means.detach()));
  scaled.sum().backward();
  CHECK(close(means.grad().select(1, 2), floats({0.03, 0.3, 0.6, 0.9, 1.17})));
  CHECK(same(gradient_scale::None{}(means, pixels, 100), means));
}

TEST_CASE("CentroidDistance says what does not fit") {
  const Prediction student{at::rand({1, 3, 1, 3}), at::zeros({1, 2, 1, 3})};
  CHECK_THAT(message_of([&] { Plain{}(student, three_labels(), two_anchors()); }),
             Contains("features of width 3") && Contains("2"));
  CHECK_THAT(message_of([&] {
               Plain{}({at::rand({3, 3}), {}}, three_labels(), two_anchors());
             }),
             Contains("features") && Contains("[3, 3]"));
  CHECK_THAT(
      message_of([&] { Plain{}(three_pixels(), three_labels().narrow(2, 0, 2), two_anchors()); }),
      Contains("int64 labels [N, h, w]") && Contains("[1, 1, 2]"));
}
