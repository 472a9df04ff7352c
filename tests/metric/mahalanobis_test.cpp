#include <cag/metric/mahalanobis.hpp>

#include <cmath>
#include <optional>

#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cag/label/pseudo_labeler.hpp>
#include <cag/metric/diagonal_mahalanobis.hpp>
#include <cag/metric/euclidean.hpp>
#include <cag/moments/full.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

static_assert(Metric<metric::Mahalanobis> && Metric<metric::DiagonalMahalanobis>);

/// Two anchors on the first axis. Category 0 varies along it, category 1 across it.
Anchors two_ellipses() {
  Anchors anchors{doubles({0, 0, 10, 0}).view({2, 2}), ints({5, 5})};
  anchors.moments = {ints({100, 100}), anchors.vectors.clone(),
                     doubles({16, 0, 0, 1, 1, 0, 0, 16}).view({2, 2, 2})};
  return anchors;
}

Anchors random_anchors(std::int64_t categories, std::int64_t width) {
  const auto root = at::randn({categories, width, width}, at::kDouble);
  Anchors anchors{at::randn({categories, width}, at::kDouble), at::ones({categories}, at::kLong)};
  anchors.moments = {at::randint(5, 900, {categories}, at::kLong), anchors.vectors.clone(),
                     root.matmul(root.transpose(1, 2)).div(width)};
  return anchors;
}

double mean_variance(const ClassMoments& moments) {
  const auto pixels = moments.pixels.to(at::kDouble);
  return (moments.variance().mean(1) * pixels).sum().div(pixels.sum()).item<double>();
}

}  // namespace

TEMPLATE_TEST_CASE("A Mahalanobis distance counts deviations of the anchor's own category", "",
                   metric::Mahalanobis, metric::DiagonalMahalanobis) {
  // A tiny shrinkage, so that the covariances are all but those given.
  const TestType metric{.shrinkage = 1e-9};
  const auto features = floats({6, 0, 10, 4}).view({2, 2});
  const auto expected = floats({1.5, 4, std::sqrt(2.5 * 2.5 + 16), 1}).view({2, 2});
  CHECK(close(metric(features, two_ellipses()), expected, 1e-5));
}

TEST_CASE("Euclidean and Mahalanobis disagree where a category is wide") {
  const auto feature = image_of(floats({6, 0}).view({1, 2}));
  const PseudoLabeler<metric::Euclidean> plain({}, {.margin = 1});
  const PseudoLabeler<metric::Mahalanobis> weighed({.shrinkage = 1e-9}, {.margin = 1});
  CHECK(plain(feature, two_ellipses()).item<std::int64_t>() == 1);
  CHECK(weighed(feature, two_ellipses()).item<std::int64_t>() == 0);
}

TEST_CASE("Mahalanobis is the quadratic form of the inverse, shrunk covariance") {
  at::manual_seed(7);
  const auto anchors = random_anchors(3, 6);
  const auto features = at::randn({20, 6}, at::kDouble);
  const double s = 0.25, towards = mean_variance(*anchors.moments);
  const auto distances = metric::Mahalanobis{.shrinkage = s}(features, anchors);
  const auto diagonal = metric::DiagonalMahalanobis{.shrinkage = s}(features, anchors);
  for (std::int64_t k = 0; k < 3; ++k) {
    const auto covariance =
        (1 - s) * anchors.moments->covariance[k] + s * towards * at::eye(6, at::kDouble);
    const auto away = features - anchors.vectors[k];
    const auto squares = (away.matmul(at::linalg_inv(covariance)) * away).sum(1);
    CHECK(close(distances.select(1, k), squares.sqrt(), 1e-9));
    CHECK(
        close(diagonal.select(1, k), (away.square() / covariance.diagonal()).sum(1).sqrt(), 1e-9));
  }
}

TEMPLATE_TEST_CASE("With full shrinkage a Mahalanobis distance is Euclidean, up to a factor", "",
                   metric::Mahalanobis, metric::DiagonalMahalanobis) {
  at::manual_seed(8);
  const auto anchors = random_anchors(4, 5);
  const auto features = at::randn({30, 5}, at::kDouble);
  const auto factor = 1 / std::sqrt(mean_variance(*anchors.moments));
  CHECK(close(TestType{.shrinkage = 1}(features, anchors),
              metric::Euclidean{}(features, anchors.vectors) * factor, 1e-9));
}

TEST_CASE("A linear map of features and moments leaves Mahalanobis distances as they are") {
  at::manual_seed(9);
  const auto features = at::randn({1, 4, 30, 40}, at::kDouble);
  const auto labels = at::randint(0, 3, {1, 30, 40}, at::kLong);
  const auto map = at::randn({4, 4}, at::kDouble) + 3 * at::eye(4, at::kDouble);
  const auto distances = [&](const at::Tensor& of) {
    std::optional<ClassMoments> moments;
    moments::Full{}(moments, of, labels, 3);
    Anchors anchors{moments->mean, at::ones({3}, at::kLong)};
    anchors.moments = moments;
    return metric::Mahalanobis{.shrinkage = 1e-12}(of[0].flatten(1).t(), anchors);
  };
  const auto mapped = map.matmul(features[0].flatten(1)).view({1, 4, 30, 40});
  CHECK(close(distances(mapped), distances(features), 1e-6));
}

TEMPLATE_TEST_CASE("A Mahalanobis metric keeps a broken pixel out and has a gradient", "",
                   metric::Mahalanobis, metric::DiagonalMahalanobis) {
  const auto anchors = two_ellipses();
  const auto features = floats({kNan, 0, kInf, 1, 3, 4}).view({3, 2});
  const auto distances = TestType{}(features, anchors);
  CHECK(distances.scalar_type() == at::kFloat);
  CHECK(!distances.narrow(0, 0, 2).isfinite().any().template item<bool>());
  const auto one = floats({3, 4}).view({1, 2}).requires_grad_(true);
  TestType{}(one, anchors).sum().backward();
  CHECK(one.grad().isfinite().all().template item<bool>());
  CHECK(one.grad().abs().sum().template item<double>() > 0);
}

TEST_CASE("Several anchors of a category share its covariance") {
  auto anchors = two_ellipses();
  anchors.vectors = at::cat({anchors.vectors, doubles({20, 0}).view({1, 2})});
  anchors.counts = ints({5, 5, 5});
  anchors.owner = ints({0, 1, 1});
  const auto distances =
      metric::Mahalanobis{.shrinkage = 1e-9}(floats({20, 8}).view({1, 2}), anchors);
  CHECK(distances.sizes() == at::IntArrayRef{1, 3});
  CHECK(distances[0][2].item<double>() == Approx(2).epsilon(1e-5));
}

TEST_CASE("Mahalanobis metrics say what they need") {
  auto anchors = two_ellipses();
  const auto features = at::rand({3, 2});
  const metric::Mahalanobis full;
  const metric::DiagonalMahalanobis diagonal;
  CHECK_THAT(message_of([&] {
               full(at::rand({3, 5}), anchors);
             }),
             Contains("[P, 2]") && Contains("[3, 5]"));
  CHECK_THAT(message_of([&] { metric::Mahalanobis{.shrinkage = 0}(features, anchors); }),
             Contains("shrinkage above 0") && Contains("got 0"));
  anchors.moments->covariance = anchors.moments->variance().clone();
  CHECK_THAT(message_of([&] { full(features, anchors); }), Contains("moments::Full"));
  CHECK_NOTHROW(diagonal(features, anchors));
  anchors.moments->covariance.zero_();
  CHECK_THAT(message_of([&] { diagonal(features, anchors); }), Contains("vary within"));
  anchors.moments.reset();
  CHECK_THAT(message_of([&] { full(features, anchors); }),
             Contains("with moments") && Contains("moments::Full"));
  CHECK_THAT(message_of([&] { diagonal(features, anchors); }), Contains("moments::Diagonal"));
}
