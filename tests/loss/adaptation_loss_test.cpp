#include <cag/loss/adaptation_loss.hpp>

#include <cmath>

#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>

#include <cag/empty/not_a_number.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/separately.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

/// Cross-entropy of category 0 against 1 when the logits differ by x.
double entropy(double x) { return std::log1p(std::exp(-x)); }

/// Halves the size and remembers what it was shown.
struct Net {
  std::vector<double> seen;
  at::Tensor weight = at::ones({1}).requires_grad_(true);

  Prediction forward(const at::Tensor& images) {
    seen.push_back(images.mean().item<double>());
    const auto small = images.slice(2, 0, std::nullopt, 2).slice(3, 0, std::nullopt, 2) * weight;
    return {small, small.narrow(1, 0, 2)};
  }
};

Anchors two_anchors() { return {doubles({5, 0, 0, 0, 5, 0}).view({2, 3}), ints({1, 1})}; }

}  // namespace

TEST_CASE("SourceCrossEntropy upsamples the logits with aligned corners") {
  const auto logits = floats({0, 2, 0, 0}).view({1, 2, 1, 2}).requires_grad_(true);
  const auto labels = ints({0, 0, 0, 0}).view({1, 1, 4});  // category 0 leads by 0 to 2
  const auto loss = loss::SourceCrossEntropy<>{}(logits, labels);
  CHECK(loss.item<float>() ==
        Approx((entropy(0) + entropy(2.0 / 3) + entropy(4.0 / 3) + entropy(2)) / 4));
}

TEST_CASE("SourceCrossEntropy is a mean over labelled pixels, weighted by category if asked") {
  const auto logits = floats({0, 2, 1, 0, 0, 0}).view({1, 2, 1, 3});
  const auto labels = ints({0, kIgnoreIndex, 1}).view({1, 1, 3});
  const double first = entropy(0);
  const double third = entropy(-1);
  CHECK(loss::SourceCrossEntropy<>{}(logits, labels).item<float>() == Approx((first + third) / 2));
  const loss::SourceCrossEntropy<> weighted{.class_weights = floats({1, 3})};
  CHECK(weighted(logits, labels).item<float>() == Approx((first + 3 * third) / 4));
}

TEST_CASE("Cross-entropy of half logits counts more pixels than a half holds") {
  const auto type = GENERATE(at::kHalf, at::kBFloat16);
  const auto logits = at::zeros({1, 2, 300, 300}, type).requires_grad_(true);
  const auto labels = at::zeros({1, 300, 300}, at::kLong);
  const auto value = loss::SourceCrossEntropy<>{}(logits, labels);
  CHECK(value.item<float>() == Approx(std::log(2.0)).epsilon(1e-3));
  value.backward();
  CHECK(logits.grad().to(at::kDouble).abs().sum().item<double>() == Approx(1).epsilon(0.01));
}

TEST_CASE("PseudoCrossEntropy averages the means of its label maps") {
  const auto logits = floats({0, 2, 1, 0, 0, 0}).view({1, 2, 1, 3});
  const auto maps = ints({0, kIgnoreIndex, kIgnoreIndex, kIgnoreIndex, 0, 0}).view({2, 1, 1, 3});
  const loss::PseudoCrossEntropy<> loss;
  const double first = entropy(0);
  const double second = (entropy(2) + entropy(1)) / 2;
  CHECK(loss(logits, maps.select(0, 0)).item<float>() == Approx(first));
  CHECK(loss(logits, maps.select(0, 1)).item<float>() == Approx(second));
  CHECK(loss(logits, maps).item<float>() == Approx((first + second) / 2));
}

TEMPLATE_TEST_CASE("A cross-entropy without labelled pixels is zero or NaN, its gradient zero", "",
                   empty::Zero, empty::NotANumber) {
  const auto labels = at::zeros({1, 2, 3}, at::kLong).fill_(kIgnoreIndex);
  const bool nan = std::same_as<TestType, empty::NotANumber>;
  const auto check = [&](const auto& loss) {
    const auto logits = at::rand({1, 4, 2, 3}).requires_grad_(true);
    const auto value = loss(logits, labels);
    CHECK(value.isnan().template item<bool>() == nan);
    if (!nan) CHECK(value.template item<float>() == 0);
    value.backward();
    CHECK(logits.grad().eq(0).all().template item<bool>());
  };
  check(loss::SourceCrossEntropy<TestType>{});
  check(loss::PseudoCrossEntropy<TestType>{});
  check(loss::PseudoCrossEntropy<TestType>{.class_weights = at::ones({4})});
}

TEST_CASE("Cross-entropies say what does not fit") {
  const auto logits = at::rand({1, 4, 2, 3});
  const auto labels = at::zeros({1, 2, 3}, at::kLong);
  const loss::SourceCrossEntropy<> source;
  const loss::PseudoCrossEntropy<> pseudo;
  CHECK_THAT(message_of([&] { source(logits, labels.squeeze(0)); }),
             Contains("labels [N, H, W]") && Contains("[2, 3]"));
  CHECK_THAT(message_of([&] { source(at::rand({4, 2, 3}), labels); }), Contains("[N, K, h, w]"));
  CHECK_THAT(message_of([&] { source(logits, labels.to(at::kInt)); }), Contains("int64"));
  CHECK_THAT(message_of([&] { pseudo(logits, labels.squeeze(0)); }),
             Contains("pseudo-labels [N, h, w] or [M, N, h, w], got [2, 3]"));
  CHECK_THAT(message_of([&] {
               pseudo(logits, at::zeros({0, 1, 2, 3}, at::kLong));
             }),
             Contains("got [0, 1, 2, 3]"));
  CHECK_THAT(message_of([&] {
               pseudo(logits, at::zeros({1, 4, 6}, at::kLong));
             }),
             Contains("[1, 4, 6]"));
  const loss::PseudoCrossEntropy<> weighted{.class_weights = at::ones({3})};
  CHECK_THAT(message_of([&] { weighted(logits, labels); }),
             Contains("one weight for each of 4 categories, got [3]"));
}

TEST_CASE("LossTerms adds up its terms with their weights") {
  LossTerms terms;
  CHECK_FALSE(terms.total().defined());
  terms.add("first", floats({2}).squeeze(0));
  terms.add("second", floats({3}).squeeze(0), 0.5);
  CHECK(terms.total().item<float>() == Approx(3.5));
  REQUIRE(terms.terms().size() == 2);
  CHECK(terms.terms()[1].name == "second");
  CHECK(terms.terms()[1].value.item<float>() == 3);
  CHECK(terms.terms()[1].weight == 0.5);
  CHECK_THAT(message_of([&] {
               terms.add("third", floats({1, 2}));
             }),
             Contains("third") && Contains("scalar, got [2]"));
  CHECK_THAT(message_of([&] { terms.add("fourth", {}); }), Contains("fourth"));
}

TEST_CASE("AdaptationLoss composes pseudo, source and anchor terms") {
  at::manual_seed(14);
  const AdaptationLoss<> loss;
  const Prediction source{at::rand({2, 3, 8, 12}), at::rand({2, 2, 8, 12})};
  const Prediction target{at::rand({1, 3, 8, 12}), at::rand({1, 2, 8, 12})};
  const auto truth = at::rand({2, 16, 24}).gt(0.5).to(at::kLong);
  const auto pseudo = at::rand({1, 8, 12}).gt(0.5).to(at::kLong);
  const auto anchors = two_anchors();
  const auto terms = loss.terms(source, truth, target, pseudo, anchors);
  REQUIRE(terms.terms().size() == 4);
  const auto coarse = downsample_labels(truth, 8, 12);
  const std::vector<std::pair<std::string, at::Tensor>> expected{
      {"pseudo", loss.pseudo(target.logits, pseudo)},
      {"source", loss.source(source.logits, truth)},
      {"anchor_source", loss.anchor(source, coarse, anchors)},
      {"anchor_target", loss.anchor(target, pseudo, anchors)}};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(terms.terms()[i].name == expected[i].first);
    CHECK(same(terms.terms()[i].value, expected[i].second));
    CHECK(terms.terms()[i].weight == (i < 2 ? 1 : 0.7));
    CHECK(expected[i].second.item<float>() > 0);
  }
  CHECK(close(
      terms.total(),
      expected[0].second + expected[1].second + 0.7 * (expected[2].second + expected[3].second),
      1e-5));
}

TEST_CASE(
    "AdaptationLoss shows the student the source, the teacher the target, the student the target") {
  Net student;
  Net teacher;
  const AdaptationLoss<> loss;
  const LabelledBatch source{at::ones({2, 3, 8, 8}), at::zeros({2, 8, 8}, at::kLong)};
  const UnlabelledBatch target{at::ones({1, 3, 8, 8}) *
                               at::tensor({6.0F, 0.0F, 0.0F}).view({1, 3, 1, 1})};
  at::Tensor labels;
  const auto terms = loss(student, teacher, two_anchors(), source, target, &labels);
  CHECK(student.seen == std::vector<double>{1, 2});
  CHECK(teacher.seen == std::vector<double>{2});
  CHECK(same(labels, at::zeros({1, 4, 4}, at::kLong)));
  CHECK(same(labels, loss.label(teacher, two_anchors(), target)));
  terms.total().backward();
  CHECK(student.weight.grad().abs().item<float>() > 0);
  CHECK_FALSE(teacher.weight.grad().defined());
}

TEST_CASE("AdaptationLoss aligns target features by the first of several label maps") {
  using Labeler =
      PseudoLabeler<metric::Euclidean, label::Separately<label::Margin, label::Probability>>;
  const AdaptationLoss<Labeler> loss;
  const Prediction source{at::rand({1, 3, 8, 12}), at::rand({1, 2, 8, 12})};
  const Prediction target{at::rand({1, 3, 8, 12}), at::rand({1, 2, 8, 12})};
  const auto truth = at::zeros({1, 8, 12}, at::kLong);
  const auto maps = at::rand({2, 1, 8, 12}).gt(0.5).to(at::kLong);
  const auto terms = loss.terms(source, truth, target, maps, two_anchors());
  CHECK(same(terms.terms()[3].value, loss.anchor(target, maps.select(0, 0), two_anchors())));
  CHECK(same(terms.terms()[0].value, loss.pseudo(target.logits, maps)));
}
