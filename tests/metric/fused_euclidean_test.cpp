#include <cag/metric/fused_euclidean.hpp>

#include <sstream>
#include <string>

#include <ATen/ops/_efficientzerotensor.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cag/candidate/among.hpp>
#include <cag/label/agreement.hpp>
#include <cag/label/category_margin.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/ratio.hpp>
#include <cag/label/separately.hpp>
#include <cag/metric/labelling_metric.hpp>

#include "catch.hpp"
#include "tensors.hpp"
#include "torch_threads.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Contains;

static_assert(FusedMetric<metric::FusedEuclidean> && !FusedMetric<metric::Euclidean>);
static_assert(LabellingMetric<metric::FusedEuclidean>);
static_assert(
    cag::detail::nearest_two_suffice<label::Agreement<label::Margin, label::Probability>>);

namespace {

/// Reads all distances, and does not know of Evidence::nearest().
struct OfAll {
  static constexpr std::string_view kName = "of all";
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = false;
  at::Tensor operator()(const Evidence& evidence) const { return evidence.distances.argmin(1); }
};
static_assert(!cag::detail::nearest_two_suffice<label::Agreement<label::Margin, OfAll>>);

Anchors some_anchors(std::int64_t categories, std::int64_t width) {
  return {at::randn({categories, width}, at::kDouble), at::randint(1, 9, {categories}, at::kLong)};
}

/// FusedEuclidean, but for labels by a margin.
struct OfTwo : metric::FusedEuclidean {
 private:
  using FusedEuclidean::margin_labels;
};
static_assert(FusedMetric<OfTwo> && !LabellingMetric<OfTwo>);

/// Labels by both metrics, and by one that finds the nearest two alone.
template <LabelRule R, CandidateRule C = candidate::Seen>
void check_same(const Prediction& teacher, const Anchors& anchors, const R& rule,
                const C& candidates = {}) {
  INFO(R::kName << ", " << C::kName);
  const PseudoLabeler<metric::Euclidean, R, C> plain({}, rule, candidates);
  const PseudoLabeler<metric::FusedEuclidean, R, C> fused({}, rule, candidates);
  const auto expected = plain(teacher, anchors);
  CHECK(same(fused(teacher, anchors), expected));
  CHECK(same(PseudoLabeler<OfTwo, R, C>({}, rule, candidates)(teacher, anchors), expected));
}

}  // namespace

TEST_CASE("FusedEuclidean gives every rule the labels of Euclidean") {
  at::manual_seed(1);
  const Prediction teacher{at::randn({2, 24, 9, 13}), at::randn({2, 5, 9, 13}) * 4};
  auto anchors = some_anchors(5, 24);
  check_same(teacher, anchors, label::Margin{.margin = 0.5});
  check_same(teacher, anchors, label::StrictMargin{.margin = 0.5});
  check_same(teacher, anchors, label::Ratio{.ratio = 1.1});
  check_same(teacher, anchors, label::CategoryMargin{.margins = doubles({0.1, 0.3, 0.5, 0.7, 2})});
  check_same(teacher, anchors, OfAll{});
  check_same(teacher, anchors,
             label::Agreement<label::Margin, label::Probability>{.first = {.margin = 0.2},
                                                                 .second = {.threshold = 0.5}});
  check_same(teacher, anchors,
             label::Separately<label::Margin, label::Probability>{.first = {.margin = 0.2},
                                                                  .second = {.threshold = 0.5}});
  // Some categories have no anchor, or do not take part.
  anchors.counts[3] = 0;
  check_same(teacher, anchors, label::Margin{.margin = 0.5});
  check_same(teacher, anchors, label::Margin{.margin = 0.5}, candidate::Among{{0, 2, 4}});
  check_same(teacher, anchors, label::Margin{.margin = 0}, candidate::Among{{2}});
}

TEST_CASE("FusedEuclidean knows several anchors of a category, and those that stand in") {
  at::manual_seed(2);
  auto anchors = some_anchors(6, 8);
  anchors.owner = ints({0, 0, 1, 2, 2, 2});
  anchors.counts[4] = 0;
  check_same({at::randn({1, 8, 20, 21}), {}}, anchors, label::Margin{.margin = 0.3});
}

TEST_CASE("FusedEuclidean reads any layout and element type") {
  at::manual_seed(3);
  const auto anchors = some_anchors(7, 20);
  const label::Margin rule{.margin = 0.25};
  const auto big = at::randn({3, 40, 18, 22});
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble}) {
    CAPTURE(type);
    const auto map = big.to(type);
    const auto features = map.narrow(1, 7, 20);
    check_same({features.contiguous(), {}}, anchors, rule);
    check_same({features.contiguous(at::MemoryFormat::ChannelsLast), {}}, anchors, rule);
    // Views: some channels, some images, a window, every other pixel, turned, and a single column.
    check_same({features, {}}, anchors, rule);
    check_same({map.contiguous(at::MemoryFormat::ChannelsLast).narrow(1, 7, 20), {}}, anchors,
               rule);
    check_same({features.narrow(0, 1, 2), {}}, anchors, rule);
    check_same({features.narrow(2, 3, 9).narrow(3, 5, 11), {}}, anchors, rule);
    check_same({features.slice(3, 0, 22, 2), {}}, anchors, rule);
    check_same({features.transpose(2, 3), {}}, anchors, rule);
    check_same({features.narrow(3, 4, 1), {}}, anchors, rule);
    check_same({features.narrow(2, 4, 1), {}}, anchors, rule);
    check_same({features.narrow(2, 4, 1).narrow(3, 4, 1), {}}, anchors, rule);
    check_same({features.flip({0}).expand({3, 20, 18, 22}), {}}, anchors, rule);
    // Whose signs, or values, LibTorch has not written yet.
    check_same({features.contiguous()._neg_view(), {}}, anchors, rule);
    check_same({at::_efficientzerotensor({1, 20, 5, 6}, type), {}}, anchors, rule);
  }
}

TEST_CASE("FusedEuclidean finds the same with any number of threads") {
  at::manual_seed(5);
  const auto anchors = some_anchors(7, 20);
  const auto features = at::randn({2, 20, 70, 60});
  const auto found = [&](int count) {
    const TorchThreads threads(count);
    return metric::FusedEuclidean{}.nearest_two(features, anchors, anchors.seen());
  };
  const auto one = found(1), two = found(2);
  CHECK(same(two.category, one.category));
  CHECK(same(two.nearest, one.nearest));
  CHECK(same(two.second, one.second));
}

TEST_CASE("FusedEuclidean keeps a broken pixel out, and takes an empty batch") {
  at::manual_seed(4);
  auto features = at::randn({1, 8, 5, 5});
  features[0][3][2][2] = std::numeric_limits<double>::quiet_NaN();
  features[0][5][4][4] = std::numeric_limits<double>::infinity();
  const auto anchors = some_anchors(3, 8);
  const auto labels = PseudoLabeler<metric::FusedEuclidean>({}, {.margin = 0})(features, anchors);
  CHECK(labels[0][2][2].item<std::int64_t>() == kIgnoreIndex);
  CHECK(labels[0][4][4].item<std::int64_t>() == kIgnoreIndex);
  CHECK(labels.eq(kIgnoreIndex).sum().item<std::int64_t>() == 2);
  CHECK(PseudoLabeler<metric::FusedEuclidean>{}(features.narrow(0, 0, 0), anchors).sizes() ==
        at::IntArrayRef({0, 5, 5}));
}

TEST_CASE("FusedEuclidean says what does not fit") {
  const PseudoLabeler<metric::FusedEuclidean> labeler;
  const auto anchors = some_anchors(3, 8);
  CHECK_THAT(message_of([&] {
               labeler(at::rand({1, 5, 2, 2}), anchors);
             }),
             Contains("features of width 5") && Contains("8"));
  CHECK_THAT(message_of([&] { labeler(at::rand({8, 2, 2}), anchors); }), Contains("[8, 2, 2]"));
  CHECK_THAT(message_of([&] {
               labeler(at::rand({1, 8, 2, 2}), some_anchors(1, 8));
             }),
             Contains("2 categories or more, got 1"));
  auto broken = anchors.clone();
  broken.vectors[1][1] = std::numeric_limits<double>::infinity();
  CHECK_THAT(message_of([&] { labeler(at::rand({1, 8, 2, 2}), broken); }), Contains("finite"));
  CHECK_THAT(message_of([&] {
               labeler(at::rand({1, 8, 2, 2}), some_anchors(1025, 8));
             }),
             Contains("at most 1024 anchors, got 1025"));
  // Without the labeler, which looks first.
  const auto all = at::ones({3}, at::kBool);
  for (const auto& map : {at::rand({1, 9, 2, 2}), at::rand({1, 7, 2, 2}), at::rand({8, 2, 2}),
                          at::rand({1, 8, 2, 2, 2}), at::ones({1, 8, 2, 2}, at::kInt)}) {
    const std::string shape = map.dim() == 4 && map.is_floating_point()
                                  ? "width " + std::to_string(map.size(1)) + ", the anchors have 8"
                                  : (std::ostringstream() << map.sizes()).str();
    CHECK_THAT(message_of([&] { metric::FusedEuclidean{}.nearest_two(map, anchors, all); }),
               Contains(shape));
    CHECK_THAT(
        message_of([&] { metric::FusedEuclidean{}.margin_labels(map, anchors, all, 1, false); }),
        Contains(shape));
  }
  const auto nearest = [&](const Anchors& own, const at::Tensor& competing) {
    return message_of([&] {
      metric::FusedEuclidean{}.nearest_two(at::rand({1, 8, 2, 2}), own, competing);
    });
  };
  CHECK_THAT(nearest({at::randn({3, 8, 2}, at::kDouble), anchors.counts}, all),
             Contains("anchors [R, D], got [3, 8, 2]"));
  CHECK_THAT(nearest(anchors, at::ones({2}, at::kBool)),
             Contains("each of 3 categories competes, got [2]"));
  CHECK_THAT(nearest(anchors, at::zeros({3}, at::kBool)), Contains("competes, got none"));
  auto short_counts = anchors.clone();
  short_counts.counts = at::ones({2}, at::kLong);
  CHECK_THAT(nearest(short_counts, all), Contains("expected 3 anchors and counts"));
  auto strange = anchors.clone();
  strange.owner = at::tensor({0, -1, 2}, at::kLong);
  CHECK_THAT(nearest(strange, all), Contains("owners in"));
  strange.owner = at::tensor({1, 0, 2}, at::kLong);
  CHECK_THAT(nearest(strange, all), Contains("ascending, got 0 of anchor 1"));
}
