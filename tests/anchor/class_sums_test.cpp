#include <cag/anchor/class_sums.hpp>

#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>

#include <cag/anchor/class_means.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

at::Tensor two_images() {  // pixels (1, 10), (2, 20), (3, 30) and (4, 40), (5, 50), (6, 60)
  return floats({1, 2, 3, 10, 20, 30, 4, 5, 6, 40, 50, 60}).view({2, 2, 1, 3});
}

at::Tensor two_label_maps() { return ints({0, 1, 0, kIgnoreIndex, 1, 1}).view({2, 1, 3}); }

}  // namespace

TEST_CASE("ClassSums adds the features of each image and category") {
  const auto result = ClassSums::of(two_images(), two_label_maps(), 3);
  CHECK(same(result.sums, floats({4, 40, 2, 20, 0, 0, 0, 0, 11, 110, 0, 0}).view({2, 3, 2})));
  CHECK(same(result.pixels, ints({2, 1, 0, 0, 2, 0}).view({2, 3})));
}

TEST_CASE("ClassSums never reads a pixel without a label") {
  auto features = two_images();
  features.select(0, 1).select(2, 0).fill_(kNan);
  const auto result = ClassSums::of(features, two_label_maps(), 3);
  CHECK(same(result.sums, ClassSums::of(two_images(), two_label_maps(), 3).sums));
}

TEST_CASE("ClassSums of disjoint pixel sets add up to those of their union") {
  at::manual_seed(1);
  const auto features = at::rand({2, 4, 5, 6});
  const auto labels = at::randint(0, 3, {2, 5, 6}, at::kLong);
  const auto in_first = at::rand({2, 5, 6}).lt(0.4);
  const auto whole = ClassSums::of(features, labels, 3);
  const auto first =
      ClassSums::of(features, labels.masked_fill(in_first.logical_not(), kIgnoreIndex), 3);
  const auto second = ClassSums::of(features, labels.masked_fill(in_first, kIgnoreIndex), 3);
  CHECK(close(first.sums + second.sums, whole.sums, 1e-5));
  CHECK(same(first.pixels + second.pixels, whole.pixels));
}

TEST_CASE("ClassSums with a masked pixel equal those of the image without the pixel") {
  at::manual_seed(2);
  const auto features = at::rand({2, 3, 1, 7});
  const auto labels = at::randint(0, 3, {2, 1, 7}, at::kLong);
  auto masked = labels.clone();
  masked.select(2, 6).fill_(kIgnoreIndex);
  const auto with = ClassSums::of(features, masked, 3);
  const auto without = ClassSums::of(features.narrow(3, 0, 6), labels.narrow(2, 0, 6), 3);
  CHECK(same(with.sums, without.sums));
  CHECK(same(with.pixels, without.pixels));
}

TEST_CASE("Relabelling the categories relabels the sums") {
  at::manual_seed(3);
  const auto features = at::rand({2, 3, 4, 4});
  const auto labels = at::randint(0, 4, {2, 4, 4}, at::kLong);
  const auto new_name = at::randperm(4, at::kLong);
  const auto renamed = new_name.index_select(0, labels.reshape({-1})).view(labels.sizes());
  const auto before = ClassSums::of(features, labels, 4);
  const auto after = ClassSums::of(features, renamed, 4);
  CHECK(same(after.sums.index_select(1, new_name), before.sums));
  CHECK(same(after.pixels.index_select(1, new_name), before.pixels));
}

TEST_CASE("Each labelled pixel receives the gradient of its sum, others none") {
  const auto features = two_images().requires_grad_(true);
  const auto weights = floats({1, 1, 5, 5, 0, 0, 0, 0, 7, 7, 0, 0}).view({2, 3, 2});
  (ClassSums::of(features, two_label_maps(), 3).sums * weights).sum().backward();
  CHECK(same(features.grad(), floats({1, 5, 1, 1, 5, 1, 0, 7, 7, 0, 7, 7}).view({2, 2, 1, 3})));
}

TEST_CASE("ClassSums accumulates half features in float32 and float64 features in float64") {
  const auto labels = two_label_maps();
  CHECK(ClassSums::of(two_images().to(at::kHalf), labels, 3).sums.scalar_type() == at::kFloat);
  CHECK(ClassSums::of(two_images().to(at::kDouble), labels, 3).sums.scalar_type() == at::kDouble);
}

TEST_CASE("ClassSums of images without any label are zero") {
  const auto labels = two_label_maps().fill_(kIgnoreIndex);
  const auto result = ClassSums::of(two_images(), labels, 3);
  CHECK(result.sums.eq(0).all().item<bool>());
  CHECK(result.pixels.eq(0).all().item<bool>());
}

TEST_CASE("ClassSums says what is wrong with its input") {
  const auto features = two_images();
  const auto labels = two_label_maps();
  CHECK_THAT(message_of([&] { ClassSums::of(features, labels, 1); }),
             Contains("expected labels below 1 or 250, got 1"));
  CHECK_THAT(message_of([&] { ClassSums::of(features, labels.sub(1), 300); }),
             Contains("expected 1 to 250 categories, got 300"));
  CHECK_THAT(message_of([&] { ClassSums::of(features, labels.sub(1), 3); }), Contains("got -1"));
  CHECK_THAT(message_of([&] { ClassSums::of(features.squeeze(2), labels, 3); }),
             Contains("features") && Contains("[N, D, h, w]") && Contains("[2, 2, 3]"));
  CHECK_THAT(message_of([&] { ClassSums::of(features.to(at::kLong), labels, 3); }),
             Contains("floating-point"));
  CHECK_THAT(message_of([&] { ClassSums::of(features, labels.to(at::kInt), 3); }),
             Contains("int64 labels"));
  CHECK_THAT(message_of([&] { ClassSums::of(features, labels.narrow(2, 0, 2), 3); }),
             Contains("[2, 1, 2]"));
  CHECK_THAT(message_of([&] { ClassSums::of({}, labels, 3); }), Contains("undefined"));
}

TEST_CASE("ClassMeans keeps the means over ten and eleven pixels, not that over nine") {
  const auto features = at::rand({1, 2, 1, 30});
  auto labels = at::ones({1, 1, 30}, at::kLong);
  labels.narrow(2, 0, 9).fill_(0);
  labels.narrow(2, 9, 10).fill_(2);  // leaves 11 pixels to category 1
  const auto result = ClassMeans::of(ClassSums::of(features, labels, 4));
  CHECK(same(result.category, ints({1, 2})));
  CHECK(same(result.pixels, ints({11, 10})));
  CHECK(close(result.means.select(0, 1), features.narrow(3, 9, 10).mean(at::IntArrayRef{0, 2, 3})));
}

TEST_CASE("ClassMeans come image by image, categories ascending") {
  const auto sums = ClassSums::of(two_images(), two_label_maps(), 3);
  const auto result = ClassMeans::of(sums, 1);
  CHECK(same(result.image, ints({0, 0, 1})));
  CHECK(same(result.category, ints({0, 1, 1})));
  CHECK(same(result.pixels, ints({2, 1, 2})));
  CHECK(same(result.means, floats({2, 20, 2, 20, 5.5, 55}).view({3, 2})));
}

TEST_CASE("ClassMeans of too few pixels are none") {
  const auto result = ClassMeans::of(ClassSums::of(two_images(), two_label_maps(), 3));
  CHECK(result.means.sizes() == at::IntArrayRef{0, 2});
  CHECK_THAT(
      message_of([] { ClassMeans::of(ClassSums::of(two_images(), two_label_maps(), 3), 0); }),
      Contains("min_pixels >= 1, got 0"));
}
