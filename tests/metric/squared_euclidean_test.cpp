#include <cag/metric/squared_euclidean.hpp>

#include <ATen/ops/randn.h>

#include <cag/metric/metric.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using cag::metric::SquaredEuclidean;
using cag::test::floats;

TEST_CASE("SquaredEuclidean is the square of the distance, exact where features share an offset") {
  static_assert(cag::Metric<SquaredEuclidean>);
  const auto features = floats({3, 4, 0, 0}).view({2, 2});
  const auto anchors = floats({0, 0, 3, 0}).view({2, 2}).to(at::kDouble);
  CHECK(SquaredEuclidean{}(features, anchors).equal(floats({25, 16, 0, 9}).view({2, 2})));
  const auto far = SquaredEuclidean{}(features + 4096, anchors + 4096);
  CHECK(far.equal(floats({25, 16, 0, 9}).view({2, 2})));
}

TEST_CASE("SquaredEuclidean has the gradient of a square") {
  const auto features = at::randn({5, 3}).requires_grad_(true);
  const auto anchor = at::randn({1, 3}, at::kDouble);
  SquaredEuclidean{}(features, anchor).sum().backward();
  const auto expected = 2 * (features.detach() - anchor.to(at::kFloat));
  CHECK((features.grad() - expected).abs().max().item<float>() < 1e-5F);
}
