#include <cag/metric/cosine.hpp>

#include <cmath>
#include <limits>

#include <ATen/ops/randn.h>

#include <cag/metric/metric.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using cag::metric::Cosine;
using cag::test::floats;

TEST_CASE("Cosine is 0 along an anchor, 1 across it, 2 against it, whatever the lengths") {
  static_assert(cag::Metric<Cosine>);
  const auto features = floats({3, 0, 0, 5, -2, 0, 1, 1}).view({4, 2});
  const auto anchors = floats({7, 0, 0, 0.1}).view({2, 2}).to(at::kDouble);
  const auto expected =
      floats({0, 1, 1, 0, 2, 1, 1 - std::sqrt(0.5F), 1 - std::sqrt(0.5F)}).view({4, 2});
  const auto distances = Cosine{}(features, anchors);
  CHECK(distances.scalar_type() == at::kFloat);
  CHECK((distances - expected).abs().max().item<float>() < 1e-6F);
}

TEST_CASE("Cosine does not change with the length of a feature") {
  const auto features = at::randn({50, 8}), anchors = at::randn({4, 8}, at::kDouble);
  const auto change = Cosine{}(features, anchors) - Cosine{}(features * 1e4, anchors * 1e-3);
  CHECK(change.abs().max().item<float>() < 1e-6F);
  CHECK(Cosine{}(features, anchors).ge(0).all().item<bool>());
}

TEST_CASE("Cosine of a vector without direction is 1, of one that is not finite not a number") {
  const auto anchors = floats({1, 0, 0, 1}).view({2, 2}).to(at::kDouble);
  CHECK(Cosine{}(floats({0, 0}).view({1, 2}), anchors).equal(floats({1, 1}).view({1, 2})));
  const auto infinite = std::numeric_limits<float>::infinity();
  CHECK(Cosine{}(floats({infinite, 1}).view({1, 2}), anchors).isnan().any().item<bool>());
}

TEST_CASE("Cosine has a gradient in the features") {
  const auto features = at::randn({5, 3}).requires_grad_(true);
  Cosine{}(features, at::randn({2, 3}, at::kDouble)).sum().backward();
  CHECK(features.grad().isfinite().all().item<bool>());
  // Across the sphere alone: the length does not matter.
  CHECK((features.grad() * features.detach()).sum(1).abs().max().item<float>() < 1e-5F);
}

TEST_CASE("Cosine names the sizes that do not fit") {
  CHECK_THROWS_WITH(Cosine{}(at::randn({2, 3}), at::randn({2, 4})),
                    Catch::Contains("got [2, 3] and [2, 4]"));
}
