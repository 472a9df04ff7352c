#include <cag/label/pseudo_labeler.hpp>

#include <array>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randperm.h>

#include <cag/candidate/all.hpp>
#include <cag/candidate/among.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/separately.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

Anchors anchors_of(const at::Tensor& vectors) {
  return {vectors.to(at::kDouble), at::ones({vectors.size(0)}, at::kLong)};
}

Anchors three_anchors() { return anchors_of(floats({0, 0, 3, 4, 0, 10}).view({3, 2})); }

using Both = PseudoLabeler<metric::Euclidean, label::Separately<label::Margin, label::Probability>,
                           candidate::All>;

}  // namespace

TEST_CASE("Euclidean is the distance, not its square") {
  const auto features = floats({0, 0, 3, 0}).view({2, 2});
  const auto anchors = doubles({3, 4, 0, 0}).view({2, 2});
  CHECK(same(metric::Euclidean{}(features, anchors), floats({5, 0, 4, 3}).view({2, 2})));
}

TEST_CASE("Euclidean keeps its accuracy where features share a large offset") {
  at::manual_seed(8);
  const auto features = at::rand({300, 64}).add(100);  // norms around 800
  const auto anchors = at::rand({7, 64}).add(100);
  const auto precise = metric::Euclidean{}(features.to(at::kDouble), anchors.to(at::kDouble));
  CHECK(close(metric::Euclidean{}(features, anchors), precise, 1e-5));
}

TEST_CASE("Euclidean's gradient is the direction away from the anchor, and none at the anchor") {
  const auto features = floats({3, 4, 0, 0}).view({2, 2}).requires_grad_(true);
  metric::Euclidean{}(features, at::zeros({1, 2}, at::kDouble)).sum().backward();
  CHECK(close(features.grad(), floats({0.6, 0.8, 0, 0}).view({2, 2})));
}

TEST_CASE("Euclidean says what it needs") {
  CHECK_THAT(message_of([] {
               metric::Euclidean{}(at::rand({2, 3}), at::rand({2, 4}));
             }),
             Contains("Euclidean needs features [P, D]") && Contains("[2, 3] and [2, 4]"));
}

TEST_CASE("PseudoLabeler labels each pixel with its nearest anchor") {
  const auto features = image_of(floats({0, 0, 3, 4, 0, 9, 1.5, 2}).view({4, 2}));
  CHECK(same(PseudoLabeler<>{}(features, three_anchors()),
             ints({0, 1, 2, kIgnoreIndex}).view({1, 1, 4})));
}

TEST_CASE("PseudoLabeler keeps images, rows and columns apart") {
  auto features = at::full({2, 2, 3, 4}, 0.5);
  const auto put = [&](int n, int y, int x, double first, double second) {
    features[n][0][y][x].fill_(first);
    features[n][1][y][x].fill_(second);
  };
  put(0, 2, 1, 3, 4);
  put(1, 0, 3, 0, 10);
  auto expected = at::zeros({2, 3, 4}, at::kLong);
  expected[0][2][1].fill_(1);
  expected[1][0][3].fill_(2);
  CHECK(same(PseudoLabeler<>{}(features, three_anchors()), expected));
}

TEST_CASE("PseudoLabeler labels maps of a single row, column or pixel") {
  for (const auto& size : {std::array<std::int64_t, 2>{1, 3}, {3, 1}, {1, 1}}) {
    const auto features = at::zeros({2, 2, size[0], size[1]});
    CHECK(same(PseudoLabeler<>{}(features, three_anchors()),
               at::zeros({2, size[0], size[1]}, at::kLong)));
  }
}

TEST_CASE("Permuting the pixels permutes the labels, relabelling the anchors relabels them") {
  at::manual_seed(9);
  const auto anchors = anchors_of(at::randn({5, 6}).mul(2));
  const auto pixels = at::randn({80, 6}).mul(2);
  const PseudoLabeler<> labeler({}, label::Margin{.margin = 0.5});
  const auto labels = labeler(image_of(pixels), anchors).reshape({-1});
  REQUIRE(labels.eq(kIgnoreIndex).any().item<bool>());

  const auto order = at::randperm(80, at::kLong);
  CHECK(same(labeler(image_of(pixels.index_select(0, order)), anchors).reshape({-1}),
             labels.index_select(0, order)));

  const auto old_name = at::randperm(5, at::kLong);
  const auto renamed =
      labeler(image_of(pixels), anchors_of(anchors.vectors.index_select(0, old_name)));
  const auto names = at::cat({old_name, at::full({kIgnoreIndex + 1 - 5}, kIgnoreIndex, at::kLong)});
  CHECK(same(names.index_select(0, renamed.reshape({-1})), labels));
}

TEST_CASE("Features of norm 1600 that share an offset get the labels of float64") {
  at::manual_seed(10);
  const auto vectors = at::randn({6, 256}).mul(0.5).add(100);
  const auto nearest = at::randperm(6, at::kLong).repeat({20});
  const auto pixels = vectors.index_select(0, nearest).add(at::randn({120, 256}).mul(0.3));
  const auto anchors = anchors_of(vectors);
  const PseudoLabeler<> labeler({}, label::Margin{.margin = 7});  // where the gaps lie
  const auto labels = labeler(image_of(pixels), anchors);
  CHECK(same(labels, labeler(image_of(pixels.to(at::kDouble)), anchors)));
  const auto active = labels.ne(kIgnoreIndex).sum().item<std::int64_t>();
  CHECK(active > 20);
  CHECK(active < 100);
}

TEST_CASE("A pixel that is not finite is never active and disturbs no other") {
  const double broken = GENERATE(values({kNan, kInf, -kInf}));
  auto pixels = floats({0, 0, 3, 4, 0, 10}).view({3, 2});
  pixels[1][0].fill_(broken);
  CHECK(same(PseudoLabeler<>{}(image_of(pixels), three_anchors()),
             ints({0, kIgnoreIndex, 2}).view({1, 1, 3})));
}

TEST_CASE("The zero anchor of a category never seen competes only when told to") {
  auto anchors = three_anchors();
  anchors.counts[0].fill_(0);
  const auto features = image_of(floats({0.1, 0, 3, 4}).view({2, 2}));
  CHECK(same(PseudoLabeler<>{}(features, anchors), ints({1, 1}).view({1, 1, 2})));
  const PseudoLabeler<metric::Euclidean, label::Margin, candidate::All> all;
  CHECK(same(all(features, anchors), ints({0, 1}).view({1, 1, 2})));
  const PseudoLabeler<metric::Euclidean, label::Margin, candidate::Among> last({}, {}, {{1, 2}});
  CHECK(same(last(features, anchors), ints({1, 1}).view({1, 1, 2})));
}

TEST_CASE("With several anchors of a category the margin is to the nearest of another category") {
  // Category 0 at 0 and 4, category 1 at 10.
  Anchors anchors{doubles({0, 4, 10}).view({3, 1}), ints({1, 1, 1}), ints({0, 0, 1})};
  const auto features = image_of(floats({1, 5, 8}).view({3, 1}));
  const PseudoLabeler<> labeler({}, {.margin = 3.5});
  CHECK(close(labeler.distances(features, anchors), floats({1, 9, 1, 5, 4, 2}).view({3, 2})));
  CHECK(same(labeler(features, anchors), ints({0, 0, kIgnoreIndex}).view({1, 1, 3})));
  // A row that nothing was added to is no anchor, though its category has another.
  anchors.vectors[0].fill_(8);
  anchors.counts[0].fill_(0);
  CHECK(close(labeler.distances(features, anchors), floats({3, 9, 1, 5, 4, 2}).view({3, 2})));
  anchors.counts[0].fill_(1);
  anchors.vectors[0].fill_(0);
  // Two anchors at one place are one anchor.
  anchors.vectors[1].fill_(0);
  const Anchors one{doubles({0, 10}).view({2, 1}), ints({1, 1})};
  CHECK(same(labeler(features, anchors), labeler(features, one)));
}

TEST_CASE("With one anchor seen nothing is active, with none PseudoLabeler refuses") {
  auto anchors = three_anchors();
  anchors.counts.copy_(ints({0, 1, 0}));
  const auto features = image_of(floats({3, 4}).view({1, 2}));
  CHECK(same(PseudoLabeler<>{}(features, anchors), ints({kIgnoreIndex}).view({1, 1, 1})));
  anchors.counts.zero_();
  CHECK_THAT(message_of([&] { PseudoLabeler<>{}(features, anchors); }),
             Contains("no anchor competes"));
}

TEST_CASE("PseudoLabeler gives one map per rule of Separately, the first being the primary one") {
  const auto features = image_of(floats({0, 0, 3, 4}).view({2, 2}));
  const auto logits = image_of(floats({0, 9, 0, 0, 0, 0}).view({2, 3}));
  const auto labels = Both{}(Prediction{features, logits}, three_anchors());
  CHECK(same(labels, ints({0, 1, 1, kIgnoreIndex}).view({2, 1, 1, 2})));
  CHECK(same(primary_map(labels), ints({0, 1}).view({1, 1, 2})));
  CHECK(same(primary_map(labels.select(0, 1)), labels.select(0, 1)));
}

TEST_CASE("PseudoLabeler measures half features in float32 and records no graph") {
  const auto features = image_of(floats({0, 0, 3, 4}).view({2, 2})).to(at::kHalf);
  CHECK(PseudoLabeler<>{}.distances(features, three_anchors()).scalar_type() == at::kFloat);
  const auto watched = image_of(floats({0, 0}).view({1, 2})).requires_grad_(true);
  CHECK_FALSE(PseudoLabeler<>{}(watched, three_anchors()).requires_grad());
}

TEST_CASE("PseudoLabeler refuses anchors whose owners are not in order") {
  auto anchors = three_anchors();
  const auto features = at::rand({1, 2, 2, 2});
  const auto refusal = [&](std::initializer_list<std::int64_t> owner) {
    anchors.owner = ints(owner);
    return message_of([&] { PseudoLabeler<>{}(features, anchors); });
  };
  CHECK_THAT(refusal({0, 1, 0}), Contains("ascending"));
  CHECK_THAT(refusal({0, 0, 2}), Contains("every category at least once"));
  CHECK_THAT(refusal({1, 1, 2}), Contains("every category at least once"));
  CHECK_THAT(refusal({0, 1}), Contains("an owner of each of 3 anchors") && Contains("[2]"));
}

TEST_CASE("PseudoLabeler says what does not fit") {
  const auto anchors = three_anchors();
  CHECK_THAT(message_of([&] {
               PseudoLabeler<>{}(at::rand({1, 5, 2, 2}), anchors);
             }),
             Contains("features of width 5") && Contains("2"));
  CHECK_THAT(message_of([&] {
               PseudoLabeler<>{}(at::rand({2, 2}), anchors);
             }),
             Contains("features") && Contains("[N, D, h, w]") && Contains("[2, 2]"));
  const auto features = at::rand({1, 2, 2, 2});
  CHECK_THAT(message_of([&] {
               Both{}(Prediction{features, at::rand({1, 4, 2, 2})}, anchors);
             }),
             Contains("4 categories") && Contains("3"));
  CHECK_THAT(message_of([&] {
               Both{}(Prediction{features, {}}, anchors);
             }),
             Contains("logits") && Contains("undefined"));
}
