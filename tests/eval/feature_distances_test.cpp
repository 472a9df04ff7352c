#include <cag/eval/feature_distances.hpp>

#include <cmath>

#include "catch.hpp"
#include "tensors.hpp"

using cag::Anchors;
using cag::FeatureDistances;
using cag::kIgnoreIndex;
using cag::test::doubles;
using cag::test::floats;
using cag::test::ints;
using Catch::Contains;

namespace {

/// Anchors at 0, 10 and 20 of a line.
Anchors on_a_line(std::int64_t third = 1) {
  return {doubles({0, 10, 20}).view({3, 1}), ints({1, 1, third})};
}

at::Tensor features(std::initializer_list<double> values) {
  return floats(values).view({1, 1, 1, static_cast<std::int64_t>(values.size())});
}

at::Tensor truth(std::initializer_list<std::int64_t> values) {
  return ints(values).view({1, 1, static_cast<std::int64_t>(values.size())});
}

}  // namespace

TEST_CASE("FeatureDistances averages over pixels, then over the categories that occur") {
  FeatureDistances<> distances(3);
  // Category 0 at 1 and 3: own 1, 3; other (10) 9, 7. Category 1 at 14: own 4; other (20) 6.
  distances.add(features({1, 3, 14, 99}), truth({0, 0, 1, kIgnoreIndex}), on_a_line());
  CHECK(distances.intra() == Approx((2.0 + 4.0) / 2));
  CHECK(distances.inter() == Approx((8.0 + 6.0) / 2));
  // One more pixel of category 1, at 10: own 0; other 10.
  distances.add(features({10}), truth({1}), on_a_line());
  CHECK(distances.intra() == Approx((2.0 + 2.0) / 2));
  CHECK(distances.inter() == Approx((8.0 + 8.0) / 2));
}

TEST_CASE("FeatureDistances counts several anchors of a category as the nearest") {
  FeatureDistances<> distances(2);
  auto anchors = on_a_line();
  anchors.owner = ints({0, 0, 1});
  distances.add(features({8, 19}), truth({0, 1}), anchors);  // own 2, 1; other 12, 9
  CHECK(distances.intra() == Approx(1.5));
  CHECK(distances.inter() == Approx(10.5));
}

TEST_CASE("FeatureDistances leaves out anchors that were never seen") {
  FeatureDistances<> distances(3);
  // The third has no anchor: its pixel is left out, and to the second it is no neighbour.
  distances.add(features({20, 14}), truth({2, 1}), on_a_line(0));
  CHECK(distances.intra() == Approx(4));
  CHECK(distances.inter() == Approx(14));
}

TEST_CASE("FeatureDistances of nothing is not a number") {
  FeatureDistances<> distances(3);
  CHECK(std::isnan(distances.intra()));
  distances.add(features({1}), truth({kIgnoreIndex}), on_a_line());
  CHECK(std::isnan(distances.intra()));
  CHECK(std::isnan(distances.inter()));
}

TEST_CASE("FeatureDistances refuses anchors of other categories and labels of other sizes") {
  FeatureDistances<> distances(2);
  CHECK_THROWS_WITH(distances.add(features({1}), truth({0}), on_a_line()),
                    Contains("expected anchors of 2 categories, got 3"));
  FeatureDistances<> three(3);
  CHECK_THROWS_AS(three.add(features({1, 2}), truth({0}), on_a_line()), c10::ValueError);
}
