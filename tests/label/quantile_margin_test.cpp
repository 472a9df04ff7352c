#include <cag/label/quantile_margin.hpp>

#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/stack.h>

#include <cag/label/agreement.hpp>
#include <cag/label/fit_margins.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/separately.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

using Rule = label::QuantileMargin;
static_assert(FittedRule<Rule> && !FittedRule<label::Margin>);
static_assert(FittedRule<label::Separately<Rule, label::Probability>>);
static_assert(FittedRule<label::Agreement<label::Probability, Rule>>);
static_assert(!FittedRule<label::Agreement<Rule, Rule>>);  // whose margins would they be?

/// Pixels nearest to `category` of two, with these gaps.
at::Tensor with_gaps(const at::Tensor& gaps, std::int64_t category) {
  const auto near = at::ones_like(gaps), far = near + gaps;
  return at::stack({category == 0 ? near : far, category == 0 ? far : near}, 1);
}

struct Echo {
  Prediction forward(const at::Tensor& images) const { return {images, images.narrow(1, 0, 2)}; }
};

}  // namespace

TEST_CASE("GapHistogram finds the margin that a share of each category's pixels reach") {
  GapHistogram gaps(3);
  const auto to_nowhere = [](const at::Tensor& two) {
    return at::cat({two, at::full({two.size(0), 1}, kInf, two.options())}, 1);
  };
  gaps.add(to_nowhere(with_gaps(at::linspace(0.01, 10, 1000, at::kDouble), 0)));
  gaps.add(to_nowhere(with_gaps(at::full({7}, 0.5, at::kDouble), 1)));
  CHECK(same(gaps.pixels(), ints({1000, 7, 0})));
  for (const double share : {0.01, 0.2, 0.5, 0.9, 1.0}) {
    const auto margins = gaps.margins(share);
    const auto exact = 10 - (share * 1000 - 1) * 0.01;
    CHECK(margins[0].item<double>() <= exact);
    CHECK(margins[0].item<double>() >= exact / 1.012);
    CHECK(margins[1].item<double>() == 0.5);  // a power of two is a bin's lower edge
    CHECK(margins[2].item<double>() == kInf);
  }
}

TEST_CASE("GapHistogram takes pixels in any order and division") {
  at::manual_seed(1);
  const auto distances = at::rand({5000, 4}).mul(20);
  GapHistogram whole(4), first(4), second(4);
  whole.add(distances);
  first.add(distances.narrow(0, 0, 1234));
  second.add(distances.narrow(0, 1234, 5000 - 1234));
  second.merge(first);
  CHECK(same(second.pixels(), whole.pixels()));
  CHECK(same(second.margins(0.3), whole.margins(0.3)));
  CHECK(whole.margins(0.3).gt(whole.margins(0.6)).all().item<bool>());

  auto copy = whole;
  copy.add(distances);
  CHECK(whole.pixels().sum().item<std::int64_t>() == 5000);
}

TEST_CASE("GapHistogram leaves out pixels without a finite gap and keeps ties") {
  GapHistogram gaps(2);
  gaps.add(floats({kNan, 1, 1, kInf, kInf, kInf, 2, 2, 1e30, 1}).view({5, 2}));
  CHECK(same(gaps.pixels(), ints({1, 1})));
  CHECK(gaps.margins(1)[0].item<double>() == 0);
  CHECK(gaps.margins(1)[1].item<double>() > 1e6);  // the last bin takes all above
}

TEST_CASE("fit_margins makes the wanted share of the target active, category by category") {
  at::manual_seed(2);
  Anchors anchors{doubles({0, 0, 8, 0, 0, 8}).view({3, 2}), ints({1, 1, 1})};
  std::vector<at::Tensor> batches;
  for (int i = 0; i < 4; ++i) batches.push_back(at::rand({2, 2, 20, 30}).mul(8));
  const PseudoLabeler<metric::Euclidean, Rule> labeler({}, {.share = 0.25});
  Echo teacher;
  CHECK_THAT(message_of([&] { labeler(batches[0], anchors); }), Contains("cag::fit_margins"));
  CHECK_THROWS_WITH(fit_margins(labeler, anchors, teacher, std::vector<at::Tensor>{}),
                    Contains("no image"));
  fit_margins(labeler, anchors, teacher, batches);
  const auto images = at::cat(batches);
  const auto labels = labeler(images, anchors);
  const auto nearest = labeler.distances(images, anchors).argmin(1).view(labels.sizes());
  for (std::int64_t k = 0; k < 3; ++k) {
    const auto all = nearest.eq(k).sum().item<double>(), active = labels.eq(k).sum().item<double>();
    CHECK(active / all >= 0.25);
    CHECK(active / all < 0.27);
  }
}

TEST_CASE("A rule of two passes on the margins of the one that has some") {
  GapHistogram gaps(2);
  gaps.add(with_gaps(at::full({5}, 2, at::kDouble), 1));
  const label::Separately<Rule, label::Probability> both{.first = {.share = 1}};
  const label::Agreement<label::Probability, Rule> agreed{.second = {.share = 1}};
  CHECK(same(both.margins(gaps), doubles({kInf, 2})));
  CHECK(same(agreed.margins(gaps), doubles({kInf, 2})));
}

TEST_CASE("Quantile margins say what is wrong with their input") {
  GapHistogram gaps(3);
  CHECK_THAT(message_of([&] { gaps.add(at::rand({5, 2})); }), Contains("3") && Contains("got 2"));
  CHECK_THAT(message_of([&] { gaps.merge(GapHistogram(4)); }), Contains("3") && Contains("got 4"));
  CHECK_THAT(message_of([&] { (void)gaps.margins(0); }), Contains("above 0") && Contains("got 0"));
  CHECK_THAT(message_of([] { GapHistogram(1); }), Contains("at least 2") && Contains("got 1"));
}
