#include <cag/anchor/class_moments.hpp>

#include <optional>

#include <ATen/ops/cov.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>

#include <cag/label/ignore.hpp>
#include <cag/moments/diagonal.hpp>
#include <cag/moments/full.hpp>
#include <cag/moments/none.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

template <typename Rule>
ClassMoments moments_of(const at::Tensor& features, const at::Tensor& labels,
                        std::int64_t categories) {
  std::optional<ClassMoments> moments;
  Rule{}(moments, features, labels, categories);
  REQUIRE(moments);
  return *moments;
}

}  // namespace

TEST_CASE("Moments of a handful of pixels are those worked out by hand") {
  // Category 0: (0, 2), (2, 2), (4, 8); category 2: (1, 1).
  const auto features = image_of(floats({0, 2, 2, 2, 4, 8, 1, 1, 9, 9}).view({5, 2}));
  const auto labels = ints({0, 0, 0, 2, kIgnoreIndex}).view({1, 1, 5});
  const auto full = moments_of<moments::Full>(features, labels, 3);
  CHECK(same(full.pixels, ints({3, 0, 1})));
  CHECK(close(full.mean, doubles({2, 4, 0, 0, 1, 1}).view({3, 2})));
  const auto expected = doubles({8. / 3, 4, 4, 8}).view({2, 2});
  CHECK(close(full.covariance[0], expected, 1e-12));
  CHECK(close(full.covariance[1], at::zeros({2, 2}), 0));
  CHECK(close(full.covariance[2], at::zeros({2, 2}), 0));
  const auto diagonal = moments_of<moments::Diagonal>(features, labels, 3);
  CHECK(!diagonal.full());
  CHECK(close(diagonal.covariance, full.variance(), 1e-12));
  std::optional<ClassMoments> none;
  moments::None{}(none, features, labels, 3);
  CHECK(!none);
}

TEMPLATE_TEST_CASE("Moments of two parts merge into those of the whole", "", moments::Diagonal,
                   moments::Full) {
  at::manual_seed(3);
  // An offset as large as a thousand deviations: sums of squares would cancel.
  const auto features = at::randn({5, 6, 40, 60}, at::kDouble).add(1000);
  const auto labels = at::randint(0, 4, {5, 40, 60}, at::kLong);
  labels.masked_fill_(at::rand({5, 40, 60}).lt(0.2), kIgnoreIndex);
  const auto whole = moments_of<TestType>(features, labels, 5);
  for (const std::int64_t cut : {1, 4}) {
    auto merged = moments_of<TestType>(features.narrow(0, 0, cut), labels.narrow(0, 0, cut), 5);
    merged.merge(
        moments_of<TestType>(features.narrow(0, cut, 5 - cut), labels.narrow(0, cut, 5 - cut), 5));
    CHECK(same(merged.pixels, whole.pixels));
    CHECK(close(merged.mean, whole.mean, 1e-9));
    CHECK(close(merged.covariance, whole.covariance, 1e-9));
  }
  // LibTorch's own covariance, of the pixels of each category.
  const auto pixels = features.permute({0, 2, 3, 1}).reshape({-1, 6});
  for (std::int64_t k = 0; k < 4; ++k) {
    const auto own = pixels.index_select(0, labels.reshape({-1}).eq(k).nonzero().squeeze(1));
    const auto expected = at::cov(own.t(), /*correction=*/0);
    CHECK(close(whole.covariance[k], whole.full() ? expected : expected.diagonal(), 1e-9));
    CHECK(close(whole.mean[k], own.mean(0), 1e-9));
  }
  CHECK(whole.pixels[4].template item<std::int64_t>() == 0);
}

TEST_CASE("Nothing merged with moments is those moments") {
  at::manual_seed(4);
  const auto features = at::rand({1, 3, 8, 8});
  const auto labels = at::randint(0, 2, {1, 8, 8}, at::kLong);
  const auto some = moments_of<moments::Full>(features, labels, 2);
  auto from_left = ClassMoments::zeros(2, 3, true), from_right = some;
  from_left.merge(some);
  from_right.merge(ClassMoments::zeros(2, 3, true));
  for (const auto& merged : {from_left, from_right}) {
    CHECK(close(merged.covariance, some.covariance, 1e-15));
    CHECK(close(merged.mean, some.mean, 1e-15));
  }
}

TEST_CASE("Moments of half features on any layout are those of the same values in float64") {
  at::manual_seed(5);
  const auto half = at::rand({2, 4, 6, 8}).to(at::kHalf);
  const auto labels = at::randint(0, 3, {2, 6, 8}, at::kLong);
  const auto expected = moments_of<moments::Full>(half.to(at::kDouble), labels, 3);
  const auto strided = half.contiguous(at::MemoryFormat::ChannelsLast);
  CHECK(close(moments_of<moments::Full>(half, labels, 3).covariance, expected.covariance, 1e-12));
  CHECK(
      close(moments_of<moments::Full>(strided, labels, 3).covariance, expected.covariance, 1e-12));
}

TEST_CASE("Moments say what is wrong with their input") {
  auto moments = ClassMoments::zeros(3, 4, false);
  CHECK_THAT(message_of([&] { moments.merge(ClassMoments::zeros(3, 5, false)); }),
             Contains("[3, 4]") && Contains("[3, 5]"));
  CHECK_THAT(message_of([&] { moments.merge(ClassMoments::zeros(3, 4, true)); }),
             Contains("[3, 4, 4]"));
  CHECK_THAT(
      message_of([] {
        moments_of<moments::Diagonal>(at::rand({1, 2, 2, 2}), at::full({1, 2, 2}, 7, at::kLong), 3);
      }),
      Contains("below 3") && Contains("got 7"));
  CHECK_THAT(message_of([] {
               moments_of<moments::Full>(at::rand({2, 2, 2}), at::zeros({1, 2, 2}, at::kLong), 3);
             }),
             Contains("[N, D, h, w]"));
}
