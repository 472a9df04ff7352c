#include <cag/loss/fused_pixel_distance.hpp>

#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/autograd/autograd.h>

#include <cag/candidate/among.hpp>
#include <cag/loss/anchor_loss.hpp>

#include "catch.hpp"
#include "tensors.hpp"
#include "torch_threads.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

static_assert(AnchorLoss<loss::FusedPixelDistance<>>);

namespace {

constexpr std::int64_t kCategories = 5;

Anchors some_anchors(std::int64_t width) {
  return {at::randn({kCategories, width}, at::kDouble), at::ones({kCategories}, at::kLong)};
}

at::Tensor some_labels(std::int64_t n, std::int64_t h, std::int64_t w) {
  auto labels = at::randint(0, kCategories + 1, {n, h, w}, at::kLong);
  return labels.masked_fill(labels.eq(kCategories), kIgnoreIndex);
}

/// Value and gradient by the features.
template <AnchorLoss L>
std::pair<double, at::Tensor> evaluate(const L& loss, const Prediction& student,
                                       const at::Tensor& labels, const Anchors& anchors) {
  const auto leaf = student.features.detach().requires_grad_(true);
  const auto value = loss({leaf, student.logits}, labels, anchors);
  (value * 3).backward();
  return {value.template item<double>(), leaf.grad()};
}

template <typename Plain, typename Compiled>
void check_same(const Plain& plain, const Compiled& compiled, const Prediction& student,
                const at::Tensor& labels, const Anchors& anchors) {
  const auto type = student.features.scalar_type();
  const bool exact = type == at::kFloat || type == at::kDouble;
  const auto [expected, slope] = evaluate(plain, student, labels, anchors);
  const auto [value, gradient] = evaluate(compiled, student, labels, anchors);
  CHECK(value == Approx(expected).epsilon(1e-5));
  CHECK(gradient.scalar_type() == type);
  CHECK(at::allclose(gradient, slope, exact ? 1e-4 : 1e-2, exact ? 1e-7 : 1e-4));
  CHECK(slope.abs().max().template item<double>() > 0);
}

}  // namespace

TEST_CASE("FusedPixelDistance has value and gradient of PixelDistance, of any layout and type") {
  at::manual_seed(1);
  const auto big = at::randn({3, 40, 18, 22});
  const auto labels = some_labels(3, 18, 22);
  const auto anchors = some_anchors(40), narrow = some_anchors(20), single = some_anchors(1);
  const loss::PixelDistance<> plain;
  const loss::FusedPixelDistance<> compiled;
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble}) {
    CAPTURE(type);
    const auto map = big.to(type);
    const auto check = [&](const at::Tensor& features, const at::Tensor& own,
                           const Anchors& drawing) {
      check_same(plain, compiled, {features, {}}, own, drawing);
    };
    check(map, labels, anchors);
    check(map.contiguous(at::MemoryFormat::ChannelsLast), labels, anchors);
    check(map.narrow(1, 7, 20), labels, narrow);
    check(map.contiguous(at::MemoryFormat::ChannelsLast).narrow(1, 7, 20), labels, narrow);
    check(map.transpose(2, 3), labels.transpose(1, 2), anchors);
    check(map.slice(3, 0, 22, 2), labels.slice(2, 0, 22, 2), anchors);
    check(map.narrow(2, 3, 1), labels.narrow(1, 3, 1), anchors);
    check(map.narrow(1, 7, 1).slice(3, 0, 22, 2), labels.slice(2, 0, 22, 2), single);
    check(map.narrow(2, 3, 1).narrow(3, 2, 1), at::zeros({3, 1, 1}, at::kLong), anchors);
  }
}

TEST_CASE("FusedPixelDistance takes masks, candidates and several anchors of a category") {
  at::manual_seed(2);
  const Prediction student{at::randn({2, 12, 9, 13}), at::randn({2, kCategories, 9, 13})};
  const auto labels = some_labels(2, 9, 13);
  auto anchors = some_anchors(12);
  const auto compare = [&](const candidate::Among& among) {
    using C = candidate::Among;
    check_same(loss::PixelDistance<mask::Agreeing, C>{.candidates = among},
               loss::FusedPixelDistance<mask::FusedAgreeing, C>{.candidates = among}, student,
               labels, anchors);
    check_same(loss::PixelDistance<mask::Agreeing, C>{.candidates = among},
               loss::FusedPixelDistance<mask::Agreeing, C>{.candidates = among}, student, labels,
               anchors);
  };
  compare({{0, 1, 2, 3, 4}});
  compare({{0, 3}});
  anchors = {at::randn({8, 12}, at::kDouble), at::randint(1, 9, {8}, at::kLong),
             ints({0, 0, 1, 2, 2, 2, 3, 4})};
  anchors.counts[4] = 0;  // stands in for none: others of its category have been seen
  compare({{0, 2, 4}});
}

TEST_CASE("FusedPixelDistance's gradient is the difference quotient in float64") {
  at::manual_seed(3);
  const auto features = at::randn({2, 6, 5, 4});
  const auto labels = some_labels(2, 5, 4);
  const auto anchors = some_anchors(6);
  const auto [value, gradient] =
      evaluate(loss::FusedPixelDistance<>{}, {features, {}}, labels, anchors);
  const auto precise = features.to(at::kDouble);
  const auto at = [&](std::int64_t i, double step) {
    auto moved = precise.clone();
    moved.view(-1)[i] += step;
    return loss::PixelDistance<>{}({moved, {}}, labels, anchors).item<double>();
  };
  CHECK(value == Approx(at(0, 0)).epsilon(1e-6));
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < features.numel(); ++i) {
    const double quotient = 3 * (at(i, kStep) - at(i, -kStep)) / (2 * kStep);
    CHECK(gradient.reshape({-1})[i].item<double>() == Approx(quotient).epsilon(1e-4).margin(1e-7));
  }
}

TEST_CASE("FusedPixelDistance is the same with any number of threads") {
  at::manual_seed(4);
  const Prediction student{at::randn({2, 24, 70, 60}), {}};
  const auto labels = some_labels(2, 70, 60);
  const auto anchors = some_anchors(24);
  const auto run = [&](int count) {
    const TorchThreads threads(count);
    return evaluate(loss::FusedPixelDistance<>{}, student, labels, anchors);
  };
  const auto one = run(1), two = run(2);
  CHECK(two.first == one.first);
  CHECK(same(two.second, one.second));
}

TEST_CASE("FusedPixelDistance says what does not fit, and that it has no second derivative") {
  const auto features = at::rand({1, 3, 4, 4}).requires_grad_(true);
  const auto anchors = some_anchors(3);
  auto labels = some_labels(1, 4, 4);
  labels[0][0][0] = 1;
  const auto refusal = [&](const at::Tensor& own) {
    return message_of([&] { loss::FusedPixelDistance<>{}({features, {}}, own, anchors); });
  };
  CHECK_THAT(refusal(at::empty({1, 4, 4}, at::TensorOptions(at::kLong).device(at::kMeta))),
             Contains("labels on the CPU") && Contains("meta"));
  auto wrong = labels.clone();
  wrong[0][2][2] = 7;
  CHECK_THAT(refusal(wrong), Contains("below 5 or 250, got 7"));
  const auto loss = loss::FusedPixelDistance<>{}({features, {}}, labels, anchors);
  CHECK_THROWS_WITH(torch::autograd::grad({loss}, {features}, {}, std::nullopt,
                                          /*create_graph=*/true),
                    Contains("FusedPixelDistance has a first derivative alone"));
}
