#include <cag/profile/fused.hpp>

#include <map>
#include <string>

#include <ATen/ops/one_hot.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cag/profile/cag.hpp>
#include <cag/profile/paper.hpp>
#include <cag/profile/published_code.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;

static_assert(Profile<profile::Fused<profile::Cag>> && Profile<profile::Fused<profile::Paper>>);
static_assert(std::same_as<profile::Fused<profile::Cag>::Mask, mask::FusedAgreeing>);
static_assert(std::same_as<profile::Fused<profile::Cag>::Sums, sums::Fused>);
static_assert(std::same_as<decltype(profile::Fused<profile::Cag>::Loss::anchor.sums), sums::Fused>);
static_assert(
    MaskedSumsRule<sums::Fused, decltype(profile::Fused<profile::Cag>::Loss::anchor.mask)>);
static_assert(
    cag::detail::logit_map_suffices<
        std::decay_t<decltype(std::declval<profile::Fused<profile::Cag>::Labeler>().rule())>>);
static_assert(std::same_as<decltype(profile::Fused<profile::Paper>::Loss::anchor),
                           loss::FusedPixelDistance<>>);
static_assert(
    FusedMetric<
        std::decay_t<decltype(std::declval<profile::Fused<profile::Cag>::Labeler>().metric())>>);
// What has no twin stays as it is.
static_assert(std::same_as<profile::Fused<profile::Paper>::Mask, mask::Labelled>);
static_assert(std::same_as<decltype(profile::Fused<profile::Paper>::Loss::pseudo),
                           decltype(profile::Paper::Loss::pseudo)>);

TEMPLATE_TEST_CASE("A fused profile has the losses and gradients of the profile", "", profile::Cag,
                   profile::Paper, profile::PublishedCode) {
  at::manual_seed(3);
  constexpr std::int64_t kCategories = 5;
  const Anchors anchors{at::randn({kCategories, 12}, at::kDouble) * 2,
                        at::randint(1, 9, {kCategories}, at::kLong)};
  const auto truth = at::randint(0, kCategories, {2, 16, 20}, at::kLong);
  // A teacher that is right and sure of it nearly everywhere.
  const auto pixels = anchors.vectors.index_select(0, truth.flatten()) +
                      at::randn({2 * 16 * 20, 12}, at::kDouble) * 0.5;
  const Prediction teacher{pixels.view({2, 16, 20, 12}).permute({0, 3, 1, 2}).to(at::kFloat),
                           at::one_hot(truth, kCategories).permute({0, 3, 1, 2}) * 9 +
                               at::rand({2, kCategories, 16, 20})};
  const auto features = at::randn({2, 12, 16, 20});
  const auto logits = at::randn({2, kCategories, 16, 20});

  const auto run = [&]<Profile P>() {
    typename P::Loss loss;
    const auto of = [&] {
      return Prediction{features.detach().clone().requires_grad_(true),
                        logits.detach().clone().requires_grad_(true)};
    };
    const auto source = of(), target = of();
    const auto labels = loss.labeler(teacher, anchors);
    const auto terms = loss.terms(source, truth, target, labels, anchors);
    terms.total().backward();
    return std::tuple{labels, terms.total().template item<double>(), source.features.grad(),
                      target.features.grad()};
  };
  const auto [labels, total, source, target] = run.template operator()<TestType>();
  const auto [labels2, total2, source2, target2] =
      run.template operator()<profile::Fused<TestType>>();
  CHECK(same(labels2, labels));
  CHECK(total2 == Approx(total).epsilon(1e-5));
  CHECK(at::allclose(source2, source, 1e-4, 1e-8));
  CHECK(at::allclose(target2, target, 1e-4, 1e-8));
  CHECK(primary_map(labels).ne(kIgnoreIndex).any().template item<bool>());
  CHECK(target.abs().max().template item<double>() > 0);
}
