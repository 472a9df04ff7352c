#include <cag/eval/label_quality.hpp>

#include <cmath>

#include "catch.hpp"
#include "tensors.hpp"

using cag::kIgnoreIndex;
using cag::test::ints;
using Catch::Contains;

TEST_CASE("LabelQuality counts active pixels among those with truth, and right ones among those") {
  cag::LabelQuality quality;
  // Without truth, inactive, right, wrong, right.
  quality.add(ints({1, kIgnoreIndex, 0, 2, 1}).view({1, 1, 5}),
              ints({kIgnoreIndex, 1, 0, 1, 1}).view({1, 1, 5}));
  CHECK(quality.coverage() == Approx(3.0 / 4));
  CHECK(quality.precision() == Approx(2.0 / 3));
  quality.add(ints({kIgnoreIndex, 2}).view({1, 1, 2}), ints({0, 0}).view({1, 1, 2}));
  CHECK(quality.coverage() == Approx(4.0 / 6));
  CHECK(quality.precision() == Approx(2.0 / 4));
}

TEST_CASE("LabelQuality of nothing is not a number") {
  cag::LabelQuality quality;
  CHECK(std::isnan(quality.coverage()));
  CHECK(std::isnan(quality.precision()));
  quality.add(ints({kIgnoreIndex}).view({1, 1, 1}), ints({0}).view({1, 1, 1}));
  CHECK(quality.coverage() == 0);
  CHECK(std::isnan(quality.precision()));
}

TEST_CASE("LabelQuality refuses maps of different sizes") {
  cag::LabelQuality quality;
  CHECK_THROWS_WITH(quality.add(ints({0, 1}).view({1, 1, 2}), ints({0}).view({1, 1, 1})),
                    Contains("[1, 1, 2]") && Contains("[1, 1, 1]"));
}
