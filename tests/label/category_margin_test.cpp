#include <cag/label/category_margin.hpp>

#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>

#include <cag/label/label_rule.hpp>
#include <cag/label/margin.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;

TEST_CASE("CategoryMargin asks each pixel for the margin of its nearest anchor") {
  static_assert(LabelRule<label::CategoryMargin>);
  const auto distances = floats({1, 3, 9, 3, 1, 9, 3, 9, 1}).view({3, 3});  // gaps of 2
  const auto labels = [&](double a, double b, double c) {
    return label::CategoryMargin{.margins = floats({a, b, c})}(Evidence{distances, {}});
  };
  CHECK(same(labels(2, 2, 2), ints({0, 1, 2})));
  CHECK(same(labels(2, 2.5, 0), ints({0, kIgnoreIndex, 2})));
  CHECK(same(labels(3, 3, 3), ints({kIgnoreIndex, kIgnoreIndex, kIgnoreIndex})));
}

TEST_CASE("CategoryMargin with equal margins is Margin") {
  const auto distances = at::rand({200, 5}).mul(6);
  const Evidence evidence{distances, {}};
  CHECK(same(label::CategoryMargin{.margins = at::full({5}, 0.5)}(evidence),
             label::Margin{.margin = 0.5}(evidence)));
}

TEST_CASE("CategoryMargin leaves out what is not finite, and wants a margin for each category") {
  const auto labels = label::CategoryMargin{.margins = floats({0, 0, 0})}(
      Evidence{floats({kNan, 1, 9, 1, kInf, kInf}).view({2, 3}), {}});
  CHECK(same(labels, ints({kIgnoreIndex, kIgnoreIndex})));
  const Evidence evidence{at::rand({2, 3}), {}};
  CHECK_THROWS_WITH(label::CategoryMargin{}(evidence),
                    Catch::Contains("each of 3 categories, got [0]"));
  CHECK_THROWS_WITH(label::CategoryMargin{.margins = floats({1, 1})}(evidence),
                    Catch::Contains("each of 3 categories, got [2]"));
}
