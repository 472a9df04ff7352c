#include <cag/label/ratio.hpp>

#include <ATen/ops/rand.h>

#include <cag/label/label_rule.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;

TEST_CASE("Ratio is active where the second nearest is so many times as far") {
  static_assert(LabelRule<label::Ratio>);
  const auto distances = floats({2, 3, 9, 2, 2.9, 9, 9, 0, 1}).view({3, 3});
  CHECK(same(label::Ratio{}(Evidence{distances, {}}), ints({0, kIgnoreIndex, 1})));
  CHECK(same(label::Ratio{.ratio = 1.6}(Evidence{distances, {}}),
             ints({kIgnoreIndex, kIgnoreIndex, 1})));
}

TEST_CASE("Ratio does not change with the scale of the distances") {
  const auto distances = at::rand({200, 4});
  CHECK(
      same(label::Ratio{}(Evidence{distances, {}}), label::Ratio{}(Evidence{distances * 64, {}})));
}

TEST_CASE("Ratio is not active on two anchors at once, with one anchor, or without numbers") {
  const auto distances = floats({0, 0, 9, 1, kInf, kInf, kNan, 1, 9}).view({3, 3});
  CHECK(same(label::Ratio{}(Evidence{distances, {}}),
             ints({kIgnoreIndex, kIgnoreIndex, kIgnoreIndex})));
}
