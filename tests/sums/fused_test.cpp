#include <cag/sums/fused.hpp>

#include <ATen/ops/_efficientzerotensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <cag/mask/agreeing.hpp>
#include <cag/mask/fused_agreeing.hpp>
#include <cag/sums/indexed.hpp>
#include <cag/sums/masked_sums_rule.hpp>
#include <cag/sums/sums_rule.hpp>

#include "catch.hpp"
#include "tensors.hpp"
#include "torch_threads.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Contains;

static_assert(SumsRule<sums::Fused> && SumsRule<sums::Indexed>);
static_assert(PixelMask<mask::FusedAgreeing>);
static_assert(MaskedSumsRule<sums::Fused, mask::FusedAgreeing>);
static_assert(!MaskedSumsRule<sums::Indexed, mask::FusedAgreeing>);

namespace {

constexpr std::int64_t kCategories = 5;

at::Tensor some_labels(std::int64_t n, std::int64_t h, std::int64_t w) {
  auto labels = at::randint(0, kCategories + 1, {n, h, w}, at::kLong);
  return labels.masked_fill(labels.eq(kCategories), kIgnoreIndex);
}

/// Sums, counts and the gradient of both rules, the gradient of one number made of all sums.
void check_same(const at::Tensor& features, const at::Tensor& labels, double tolerance) {
  const auto run = [&](const auto& rule) {
    const auto leaf = features.detach().requires_grad_(true);
    const auto result = rule(leaf, labels, kCategories);
    const auto weights = at::rand(result.sums.sizes(), at::kFloat);
    (result.sums * weights).sum().backward();
    return std::tuple{result.sums.detach(), result.pixels, leaf.grad()};
  };
  at::manual_seed(5);
  const auto [sums, pixels, gradient] = run(sums::Fused{});
  at::manual_seed(5);
  const auto [expected, counted, slope] = run(sums::Indexed{});
  CHECK(at::allclose(sums, expected, tolerance, tolerance));
  CHECK(same(pixels, counted));
  CHECK(gradient.scalar_type() == features.scalar_type());
  CHECK(at::allclose(gradient, slope, tolerance, tolerance));
}

}  // namespace

TEST_CASE("Fused sums are those of Indexed, and so is their gradient") {
  at::manual_seed(1);
  const auto big = at::randn({3, 40, 18, 22});
  const auto labels = some_labels(3, 18, 22);
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble}) {
    CAPTURE(type);
    const auto map = big.to(type);
    const double tolerance = type == at::kFloat || type == at::kDouble ? 1e-5 : 1e-2;
    check_same(map, labels, tolerance);
    check_same(map.contiguous(at::MemoryFormat::ChannelsLast), labels, tolerance);
    check_same(map.narrow(1, 7, 20), labels, tolerance);
    check_same(map.transpose(2, 3), labels.transpose(1, 2), tolerance);
    check_same(map.narrow(2, 3, 1), labels.narrow(1, 3, 1), tolerance);
    // Whose signs LibTorch has not changed yet.
    check_same(map._neg_view(), labels.neg()._neg_view(), tolerance);
  }
}

TEST_CASE("Fused sums take a gradient whose signs or zeros are not written yet") {
  const auto labels = some_labels(1, 4, 4);
  for (const auto& slope : {at::rand({1, kCategories, 3})._neg_view(),
                            at::_efficientzerotensor({1, kCategories, 3}, at::kFloat)}) {
    const auto run = [&](const auto& rule) {
      const auto leaf = at::zeros({1, 3, 4, 4}).requires_grad_(true);
      rule(leaf, labels, kCategories).sums.backward(slope);
      return leaf.grad();
    };
    CHECK(same(run(sums::Fused{}), run(sums::Indexed{})));
  }
}

TEST_CASE("The gradient of Fused sums is the difference quotient of its value") {
  // The sums are linear: a quotient over a step of any size is exact up to rounding.
  at::manual_seed(2);
  const auto features = at::randn({2, 6, 5, 4}).requires_grad_(true);
  const auto labels = some_labels(2, 5, 4);
  const auto weights = at::randn({2, kCategories, 6});
  const auto value = [&](const at::Tensor& x) {
    return (sums::Fused{}(x, labels, kCategories).sums * weights).sum();
  };
  value(features).backward();
  const at::NoGradGuard no_grad;
  for (std::int64_t i = 0; i < features.numel(); ++i) {
    auto moved = features.detach().clone();
    moved.view(-1)[i] += 1;
    const auto quotient = (value(moved) - value(features)).item<double>();
    CHECK(quotient == Approx(features.grad().view(-1)[i].item<double>()).margin(1e-4));
  }
}

TEST_CASE("Fused sums find out by themselves where prediction and label agree") {
  at::manual_seed(4);
  const auto features = at::randn({2, 12, 18, 22});
  const auto labels = some_labels(2, 18, 22);
  auto logits = at::randn({2, kCategories, 18, 22});
  logits[0][3][1][1] = std::numeric_limits<double>::quiet_NaN();
  logits.select(2, 4).fill_(1);  // all equal: the first counts
  const auto check = [&](const at::Tensor& x, const at::Tensor& own) {
    CAPTURE(x.scalar_type(), own.scalar_type());
    const auto kept = mask::Agreeing{}(labels, own);
    CHECK(same(mask::FusedAgreeing{}(labels, own), kept));
    const auto found = sums::Fused{}(x, labels, mask::FusedAgreeing{}, own, kCategories);
    const auto expected = sums::Fused{}(x, kept, kCategories);
    CHECK(same(found.sums, expected.sums));
    CHECK(same(found.pixels, expected.pixels));
    const auto by_libtorch = sums::Fused{}(x, labels, mask::Agreeing{}, own, kCategories);
    CHECK(same(by_libtorch.sums, expected.sums));
  };
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble}) {
    check(features, logits.to(type));
    check(features.to(type), logits);
    check(features, logits.to(type).contiguous(at::MemoryFormat::ChannelsLast));
  }
  // Logits of other categories than those that are summed.
  const auto more = at::randn({2, kCategories + 2, 18, 22});
  CHECK(same(mask::FusedAgreeing{}(labels, more), mask::Agreeing{}(labels, more)));
  check(features, more);
  check(features, at::randn({2, 300, 18, 22}));
}

TEST_CASE("The logits that labels agree with have no part in the gradient") {
  const auto features = at::rand({1, 3, 4, 4}).requires_grad_(true);
  const auto logits = at::rand({1, kCategories, 4, 4}).requires_grad_(true);
  const auto labels = logits.argmax(1);
  const auto run = [&] {
    return sums::Fused{}(features, labels, mask::FusedAgreeing{}, logits, kCategories).sums;
  };
  run().sum().backward();
  CHECK(same(features.grad(), at::ones_like(features)));
  CHECK(!logits.grad().defined());
  const at::NoGradGuard no_grad;
  CHECK(!run().requires_grad());
}

TEST_CASE("Fused sums and their gradient are the same with any number of threads") {
  at::manual_seed(3);
  const auto features = at::randn({2, 40, 70, 60});
  const auto labels = some_labels(2, 70, 60);
  const auto weights = at::randn({2, kCategories, 40});
  const auto run = [&](int count) {
    const TorchThreads threads(count);
    const auto leaf = features.detach().requires_grad_(true);
    const auto sums = sums::Fused{}(leaf, labels, kCategories).sums;
    (sums * weights).sum().backward();
    return std::pair{sums.detach(), leaf.grad()};
  };
  const auto [one, gradient_one] = run(1);
  const auto [two, gradient_two] = run(2);
  CHECK(same(two, one));
  CHECK(same(gradient_two, gradient_one));
}

TEST_CASE("Fused sums leave out what is not labelled, finite or not, and take an empty batch") {
  auto features = at::rand({1, 3, 4, 4});
  auto labels = some_labels(1, 4, 4);
  features[0][1][2][2] = std::numeric_limits<double>::quiet_NaN();
  labels[0][2][2] = kIgnoreIndex;
  CHECK(sums::Fused{}(features, labels, kCategories).sums.isfinite().all().item<bool>());
  const auto none = sums::Fused{}(features.narrow(0, 0, 0), labels.narrow(0, 0, 0), kCategories);
  CHECK(none.sums.sizes() == at::IntArrayRef({0, kCategories, 3}));
  const auto ignored = at::full({1, 4, 4}, kIgnoreIndex, at::kLong);
  CHECK(sums::Fused{}(features, ignored, kCategories).sums.eq(0).all().item<bool>());
}

TEST_CASE("Fused sums say what does not fit") {
  const auto features = at::rand({1, 3, 4, 4});
  auto labels = some_labels(1, 4, 4);
  const auto refusal = [&](const at::Tensor& x, const at::Tensor& y) {
    return message_of([&] { sums::Fused{}(x, y, kCategories); });
  };
  CHECK_THAT(refusal(features, labels.narrow(1, 0, 3)), Contains("[1, 3, 4]"));
  CHECK_THAT(refusal(features[0], labels), Contains("[N, D, h, w]") && Contains("[3, 4, 4]"));
  CHECK_THAT(
      refusal(features, at::empty({1, 4, 4}, at::TensorOptions(at::kLong).device(at::kMeta))),
      Contains("labels on the CPU") && Contains("meta"));
  CHECK_THAT(
      message_of([&] { sums::Fused{}(features, labels, mask::FusedAgreeing{}, {}, kCategories); }),
      Contains("logits") && Contains("undefined"));
  CHECK_THAT(
      message_of([&] {
        sums::Fused{}(features, labels, mask::FusedAgreeing{}, at::rand({1, 5, 3, 4}), kCategories);
      }),
      Contains("[1, 5, 3, 4]"));
  labels[0][0][0] = 7;
  CHECK_THAT(refusal(features, labels), Contains("below 5 or 250, got 7"));
  labels[0][0][0] = -1;
  CHECK_THAT(refusal(features, labels), Contains("below 5 or 250, got -1"));
}

TEST_CASE("Fused sums say that they have no second derivative") {
  const auto features = at::rand({1, 3, 4, 4}).requires_grad_(true);
  const auto sums = sums::Fused{}(features, some_labels(1, 4, 4), kCategories).sums;
  CHECK_THROWS_WITH(
      torch::autograd::grad({sums.square().sum()}, {features}, {}, std::nullopt, true),
      Contains("sums::Fused has a first derivative alone"));
}
