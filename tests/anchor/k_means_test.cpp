#include <cag/anchor/k_means.hpp>

#include <limits>

#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randperm.h>

#include <cag/anchor/anchor_bank.hpp>
#include <cag/mask/labelled.hpp>
#include <cag/moments/diagonal.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

struct Echo {
  Prediction forward(const at::Tensor& images) const { return {images, images.narrow(1, 0, 2)}; }
};

/// Sum of squared distances to the nearest centre.
double inertia(const at::Tensor& points, const at::Tensor& centres) {
  return (points.unsqueeze(1) - centres.unsqueeze(0)).square().sum(2).amin(1).sum().item<double>();
}

at::Tensor sorted_rows(const at::Tensor& rows) {
  return rows.index_select(0, rows.select(1, 0).argsort());
}

}  // namespace

TEST_CASE("KMeans finds the means of groups that lie apart") {
  const auto points = doubles({0, 0, 0, 2, 10, 0, 10, 4, 10, 2, 50, 50}).view({6, 2});
  const auto anchors = anchor::KMeans{.each = 3}.of(points, 0);
  CHECK(close(sorted_rows(anchors.vectors), doubles({0, 1, 10, 2, 50, 50}).view({3, 2}), 1e-12));
  CHECK(anchors.counts.sum().item<std::int64_t>() == 6);
  CHECK(same(std::get<0>(anchors.counts.sort()), ints({1, 2, 3})));
}

TEST_CASE("KMeans with one anchor is the mean, and each anchor is the mean of what is nearest") {
  at::manual_seed(1);
  const auto points = at::randn({200, 5}, at::kDouble);
  CHECK(close(anchor::KMeans{.each = 1}.of(points, 0).vectors, points.mean(0, true), 1e-12));
  const auto centres = anchor::KMeans{.each = 4}.of(points, 0).vectors;
  const auto nearest = (points.unsqueeze(1) - centres.unsqueeze(0)).square().sum(2).argmin(1);
  for (std::int64_t c = 0; c < 4; ++c) {
    const auto own = points.index_select(0, nearest.eq(c).nonzero().squeeze(1));
    CHECK(close(own.mean(0), centres[c], 1e-9));
  }
  CHECK(inertia(points, centres) < 0.8 * inertia(points, points.mean(0, true)));
}

TEST_CASE("KMeans gives no more anchors than there are distinct means, none of them empty") {
  const auto points = doubles({1, 1, 1, 7}).view({4, 1});
  const auto anchors = anchor::KMeans{.each = 3}.of(points, 0);
  CHECK(close(sorted_rows(anchors.vectors), doubles({1, 7}).view({2, 1}), 0));
  CHECK(anchors.counts.gt(0).all().item<bool>());
  CHECK(anchor::KMeans{.each = 5}.of(points.narrow(0, 0, 1), 0).vectors.size(0) == 1);
}

TEST_CASE("KMeans is a function of its seed") {
  at::manual_seed(2);
  const auto points = at::rand({300, 3}, at::kDouble);
  const auto first = anchor::KMeans{}.of(points, 2).vectors;
  CHECK(same(anchor::KMeans{}.of(points, 2).vectors, first));
  CHECK(!same(anchor::KMeans{.seed = 1}.of(points, 2).vectors, first));
}

TEST_CASE("AnchorBank clusters the class means of images, and keeps the moments of all pixels") {
  AnchorBank<Echo, anchor::KMeans, mask::Labelled, moments::Diagonal> bank(
      3, {.each = 2, .min_pixels = 1});
  // Category 0 is at 0 in two images and at 9 in one; category 1 is seen once, category 2 never.
  for (const double place : {0., 1., 9.}) {
    auto features = at::ones({1, 2, 1, 2}).mul(place);
    features.select(3, 1).fill_(100);
    const auto second = place == 9 ? std::int64_t{1} : std::int64_t{kIgnoreIndex};
    bank.observe(Prediction{features, at::rand({1, 3, 1, 2})}, ints({0, second}).view({1, 1, 2}));
  }
  const auto anchors = bank.anchors();
  CHECK(anchors.categories() == 3);
  CHECK(same(anchors.owner, ints({0, 0, 1, 2})));
  CHECK(close(sorted_rows(anchors.vectors.narrow(0, 0, 2)), doubles({.5, .5, 9, 9}).view({2, 2})));
  CHECK(close(anchors.vectors[2], doubles({100, 100})));
  CHECK(same(anchors.counts.narrow(0, 2, 2), ints({1, 0})));
  CHECK(same(anchors.seen(), ints({1, 1, 0}).to(at::kBool)));
  REQUIRE(anchors.moments);
  CHECK(same(anchors.moments->pixels, ints({3, 1, 0})));
}

TEST_CASE("AnchorBank keeps a sample of the class means that is no larger than the limit") {
  using Bank = AnchorBank<Echo, anchor::KMeans, mask::Labelled>;
  Bank bank(2, {.each = 1, .min_pixels = 1, .limit = 20});
  for (std::int64_t i = 0; i < 1000; ++i)
    bank.observe(Prediction{at::full({1, 1, 1, 1}, static_cast<double>(i)), at::rand({1, 2, 1, 1})},
                 at::zeros({1, 1, 1}, at::kLong));
  const auto anchors = bank.anchors();
  CHECK(anchors.counts[0].item<std::int64_t>() == 20);
  // The mean of 20 of 0 … 999: 499.5, deviation 64. The first 20 would give 9.5, the last 989.5.
  const auto mean = anchors.vectors[0][0].item<double>();
  CHECK(mean > 250);
  CHECK(mean < 750);

  const auto sampled = [](std::uint64_t seed) {
    Bank other(2, {.each = 1, .min_pixels = 1, .limit = 3, .seed = seed});
    for (std::int64_t i = 0; i < 100; ++i)
      other.observe(
          Prediction{at::full({1, 1, 1, 1}, static_cast<double>(i)), at::rand({1, 2, 1, 1})},
          at::zeros({1, 1, 1}, at::kLong));
    return other.anchors().vectors[0][0].item<double>();
  };
  CHECK(sampled(1) == sampled(1));
  CHECK(sampled(1) != sampled(2));
}

TEST_CASE("KMeans says what it needs") {
  CHECK_THAT(message_of([] {
               auto sample = ClassMeanSample::zeros(2, 2);
               const auto sums =
                   ClassSums::of(at::rand({1, 2, 4, 4}), at::full({1, 4, 4}, 3, at::kLong), 5);
               anchor::KMeans{}(sample, sums);
             }),
             Contains("2 categories and width 2") && Contains("got 5 and 2"));
  CHECK_THAT(message_of([] {
               anchor::KMeans{.each = 0}.of(at::rand({3, 2}, at::kDouble), 0);
             }),
             Contains("at least 1 anchor") && Contains("got 0"));
  AnchorBank<Echo, anchor::KMeans, mask::Labelled> bank(2, {.limit = 0});
  CHECK_THAT(message_of([&] {
               bank.observe(Prediction{at::rand({1, 3, 4, 4}), at::rand({1, 2, 4, 4})},
                            at::zeros({1, 4, 4}, at::kLong));
             }),
             Contains("at least 1 class mean") && Contains("got 0"));
}
