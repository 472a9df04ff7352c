#include <cag/label/margin.hpp>

#include <cmath>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randperm.h>

#include <cag/label/agreement.hpp>
#include <cag/label/downsample.hpp>
#include <cag/label/fused_probability.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/separately.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

at::Tensor margin_labels(const at::Tensor& distances) {
  return label::Margin{}(Evidence{distances, {}});
}

at::Tensor random_distances() { return at::rand({200, 4}).mul(6); }
at::Tensor random_logits() { return at::randn({200, 4}).mul(4); }

/// Label maps as rows, whether the rule gives one or several.
at::Tensor rows(const at::Tensor& labels) {
  return labels.dim() == 1 ? labels.unsqueeze(0) : labels;
}

}  // namespace

TEST_CASE(
    "Margin labels a pixel with its nearest anchor when the second is farther by the margin") {
  const auto labels = margin_labels(floats({1, 9, 4, 7, 2, 8, 5, 5.5, 5.2}).view({3, 3}));
  CHECK(same(labels, ints({0, 1, kIgnoreIndex})));
}

TEST_CASE("A gap of exactly the margin is active for Margin and not for StrictMargin") {
  const double step = 1.0 / 1048576;
  const auto gaps = floats({1, 3.5, 9, 1, 3.5 - step, 9, 1, 3.5 + step, 9}).view({3, 3});
  CHECK(same(label::Margin{}(Evidence{gaps, {}}), ints({0, kIgnoreIndex, 0})));
  CHECK(same(label::StrictMargin{}(Evidence{gaps, {}}), ints({kIgnoreIndex, kIgnoreIndex, 0})));
  CHECK(same(label::Margin{.margin = 2}(Evidence{gaps, {}}), ints({0, 0, 0})));
}

TEST_CASE("A pixel between two anchors at the same distance is not active") {
  CHECK(same(margin_labels(floats({2, 2, 9}).view({1, 3})), ints({kIgnoreIndex})));
}

TEST_CASE("A single competing anchor gives no margin, so nothing is active") {
  CHECK(same(margin_labels(floats({1, kInf, kInf}).view({1, 3})), ints({kIgnoreIndex})));
  CHECK(same(margin_labels(floats({kInf, kInf, kInf}).view({1, 3})), ints({kIgnoreIndex})));
}

TEST_CASE("One distance that is not a number makes its pixel inactive and no other") {
  const auto labels = margin_labels(floats({kNan, 1, 9, 1, 9, 9, 1, kNan, 9}).view({3, 3}));
  CHECK(same(labels, ints({kIgnoreIndex, 0, kIgnoreIndex})));
}

TEST_CASE("Probability compares with the threshold rounded to float32, strictly") {
  // Two logits x and 0 give 1 / (1 + exp(-x)); around log 19 that crosses 0.95 in steps of one ulp.
  constexpr int kSteps = 64;
  auto logits = at::zeros({2 * kSteps + 1, 2});
  auto x = static_cast<float>(std::log(19.0));
  for (int i = 0; i < kSteps; ++i) x = std::nextafter(x, 0.0F);
  for (int i = 0; i <= 2 * kSteps; ++i, x = std::nextafter(x, 9.0F)) logits[i][0].fill_(x);
  const auto probability = logits.softmax(1).select(1, 0).contiguous();
  const auto* p = probability.data_ptr<float>();
  const auto labels = label::Probability{}(Evidence{{}, logits});
  int exact = 0;
  int above = 0;
  for (int i = 0; i <= 2 * kSteps; ++i) {
    CHECK(labels[i].item<std::int64_t>() == (p[i] > 0.95F ? 0 : kIgnoreIndex));
    exact += p[i] == 0.95F ? 1 : 0;
    above += p[i] > 0.95F ? 1 : 0;
  }
  CHECK(exact > 0);
  CHECK(above > 0);
}

TEMPLATE_TEST_CASE("Probability labels the largest probability above the threshold", "",
                   label::Probability, label::FusedProbability) {
  const auto logits = floats({9, 0, 0, 0, 9, 1, 1, 1, 1}).view({3, 3});
  CHECK(same(TestType{}(Evidence{{}, logits}), ints({0, 1, kIgnoreIndex})));
  CHECK(same(TestType{.threshold = 0.9999}(Evidence{{}, logits}),
             ints({kIgnoreIndex, kIgnoreIndex, kIgnoreIndex})));
}

TEST_CASE("Agreement labels where both rules agree and Separately gives a map for each") {
  const auto distances = floats({1, 9, 1, 9, 9, 1, 4, 5}).view({4, 2});
  const auto logits = floats({9, 0, 0, 9, 0, 9, 9, 0}).view({4, 2});
  const Evidence evidence{distances, logits};
  const label::Agreement<label::Margin, label::Probability> agreement;
  CHECK(same(agreement(evidence), ints({0, kIgnoreIndex, 1, kIgnoreIndex})));
  const label::Separately<label::Margin, label::Probability> separately;
  CHECK(same(separately(evidence), ints({0, 0, 1, kIgnoreIndex, 0, 1, 1, 0}).view({2, 4})));
}

TEST_CASE("A combined rule reads what its parts read") {
  using Both = label::Agreement<label::Margin, label::Probability>;
  using Distances = label::Separately<label::Margin, label::StrictMargin>;
  STATIC_REQUIRE((Both::kReadsDistances && Both::kReadsLogits));
  STATIC_REQUIRE((Distances::kReadsDistances && !Distances::kReadsLogits));
  STATIC_REQUIRE((label::Probability::kReadsLogits && !label::Probability::kReadsDistances));
}

TEMPLATE_TEST_CASE("A label rule labels each pixel by itself", "", label::Margin,
                   label::StrictMargin, label::Probability, label::FusedProbability,
                   (label::Agreement<label::Margin, label::Probability>),
                   (label::Agreement<label::Margin, label::FusedProbability>),
                   (label::Separately<label::Margin, label::Probability>),
                   (label::Separately<label::Margin, label::FusedProbability>)) {
  at::manual_seed(7);
  const Evidence evidence{random_distances(), random_logits()};
  const TestType rule;
  const auto labels = rows(rule(evidence));
  REQUIRE(labels.ne(kIgnoreIndex).any().template item<bool>());
  REQUIRE(labels.eq(kIgnoreIndex).any().template item<bool>());

  SECTION("so permuting pixels permutes labels") {
    const auto order = at::randperm(200, at::kLong);
    const Evidence permuted{evidence.distances.index_select(0, order),
                            evidence.logits.index_select(0, order)};
    CHECK(same(rows(rule(permuted)), labels.index_select(1, order)));
  }
  SECTION("relabelling the categories relabels the pixels") {
    const auto old_name = at::randperm(4, at::kLong);  // new category i was old_name[i]
    const Evidence renamed{evidence.distances.index_select(1, old_name),
                           evidence.logits.index_select(1, old_name)};
    const auto names =
        at::cat({old_name, at::full({kIgnoreIndex + 1 - 4}, kIgnoreIndex, at::kLong)});
    const auto back = rows(rule(renamed));
    CHECK(same(names.index_select(0, back.reshape({-1})).view(back.sizes()), labels));
  }
  SECTION("and one whose evidence is not finite is never active") {
    for (const double broken : {kNan, kInf}) {
      Evidence spoilt{evidence.distances.clone(), evidence.logits.clone()};
      spoilt.distances.select(0, 5).fill_(broken);
      spoilt.logits.select(0, 5).fill_(broken);
      auto expected = labels.clone();
      expected.select(1, 5).fill_(kIgnoreIndex);
      CHECK(same(rows(rule(spoilt)), expected));
    }
  }
}

TEST_CASE("Label rules say what they need") {
  CHECK_THAT(message_of([] {
               margin_labels(at::rand({3, 1}));
             }),
             Contains("expected distances [P, K>=2], got [3, 1]"));
  CHECK_THAT(message_of([] { margin_labels(at::rand({3})); }), Contains("got [3]"));
  const auto needs = Contains("Probability needs [P, K>=2] logits, got [3, 1]");
  const Evidence one{{}, at::rand({3, 1})};
  CHECK_THAT(message_of([&] { label::Probability{}(one); }), needs);
  CHECK_THAT(message_of([&] { label::FusedProbability{}(one); }), needs);
}

TEST_CASE("downsample_labels takes the top-left pixel of each cell") {
  const auto labels = ints({1, 2, 3, 4, 5, 6, 7, 8}).view({1, 2, 4});
  CHECK(same(downsample_labels(labels, 1, 2), ints({1, 3}).view({1, 1, 2})));
  CHECK(same(downsample_labels(labels, 2, 4), labels));
  const auto odd = ints({0, 1, 2, kIgnoreIndex, 4}).view({1, 1, 5});
  CHECK(same(downsample_labels(odd, 1, 2), ints({0, 2}).view({1, 1, 2})));
  CHECK(same(downsample_labels(odd, 1, 3), ints({0, 1, kIgnoreIndex}).view({1, 1, 3})));
}

TEST_CASE("downsample_labels says what is wrong with its input") {
  CHECK_THAT(message_of([] {
               downsample_labels(ints({1, 2}), 1, 1);
             }),
             Contains("labels [N, H, W]") && Contains("[2]"));
  CHECK_THAT(message_of([] { downsample_labels(at::rand({1, 2, 2}), 1, 1); }), Contains("int64"));
  CHECK_THAT(message_of([] {
               downsample_labels(at::zeros({1, 2, 2}, at::kLong), 0, 1);
             }),
             Contains("positive size, got 0 x 1"));
}
