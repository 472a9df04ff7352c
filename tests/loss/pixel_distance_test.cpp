#include <cag/loss/pixel_distance.hpp>

#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>

#include <cag/empty/not_a_number.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/loss/fused_pixel_distance.hpp>
#include <cag/loss/no_anchor_loss.hpp>
#include <cag/mask/agreeing.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

Anchors two_anchors() { return {doubles({0, 0, 1, 1}).view({2, 2}), ints({1, 1})}; }

Prediction predicting(const at::Tensor& features) {
  return {features, at::zeros({features.size(0), 2, features.size(2), features.size(3)})};
}

/// The loss by LibTorch and by the compiled operators.
struct Plain {
  template <typename... P>
  using Loss = loss::PixelDistance<P...>;
  using Agreeing = mask::Agreeing;
};
struct Compiled {
  template <typename... P>
  using Loss = loss::FusedPixelDistance<P...>;
  using Agreeing = mask::FusedAgreeing;
};

}  // namespace

TEMPLATE_TEST_CASE(
    "PixelDistance is the mean distance of labelled pixels to the anchors of their labels", "",
    Plain, Compiled) {
  const auto features = image_of(floats({3, 4, 1, 1, 50, 50}).view({3, 2})).requires_grad_(true);
  const auto loss = typename TestType::template Loss<>{}(
      predicting(features), ints({0, 1, kIgnoreIndex}).view({1, 1, 3}), two_anchors());
  CHECK(loss.template item<float>() == Approx(2.5));  // (5 + 0) / 2
  loss.backward();
  // A pixel that sits on its anchor has the finite gradient zero.
  CHECK(close(features.grad(), image_of(floats({0.3, 0.4, 0, 0, 0, 0}).view({3, 2}))));
}

TEMPLATE_TEST_CASE(
    "PixelDistance leaves out the pixels of a category never seen, from the mean too", "", Plain,
    Compiled) {
  auto anchors = two_anchors();
  anchors.counts[1].fill_(0);
  const auto features = image_of(floats({3, 4, 9, 9}).view({2, 2}));
  const auto labels = ints({0, 1}).view({1, 1, 2});
  CHECK(typename TestType::template Loss<>{}(predicting(features), labels, anchors)
            .template item<float>() == Approx(5));
}

TEMPLATE_TEST_CASE("PixelDistance counts the pixels that its mask lets through", "", Plain,
                   Compiled) {
  const auto features = image_of(floats({3, 4, 9, 9}).view({2, 2}));
  const auto labels = ints({0, 1}).view({1, 1, 2});
  const Prediction student{features, logits_for(ints({0, 0}).view({1, 1, 2}), 2)};
  CHECK(typename TestType::template Loss<typename TestType::Agreeing>{}(student, labels,
                                                                        two_anchors())
            .template item<float>() == Approx(5));
}

TEMPLATE_TEST_CASE("PixelDistance draws a pixel to the nearest anchor of its label", "", Plain,
                   Compiled) {
  const Anchors anchors{doubles({0, 0, 10, 0, 3, 0}).view({3, 2}), ints({1, 1, 1}),
                        ints({0, 0, 1})};
  const auto features = image_of(floats({3, 4, 9, 0}).view({2, 2})).requires_grad_(true);
  const auto loss = typename TestType::template Loss<>{}(predicting(features),
                                                         ints({0, 0}).view({1, 1, 2}), anchors);
  CHECK(loss.template item<float>() ==
        Approx(3));  // (5 + 1) / 2; the anchor at (3, 0) is another's
  loss.backward();
  CHECK(close(features.grad(), image_of(floats({0.3, 0.4, -0.5, 0}).view({2, 2}))));
}

TEMPLATE_TEST_CASE("PixelDistance without labelled pixels is NaN when told to, with zero gradients",
                   "", Plain, Compiled) {
  const auto features = at::rand({1, 2, 1, 3}).requires_grad_(true);
  const auto labels = ints({kIgnoreIndex, kIgnoreIndex, kIgnoreIndex}).view({1, 1, 3});
  const auto loss =
      typename TestType::template Loss<mask::Labelled, candidate::Seen, empty::NotANumber>{}(
          predicting(features), labels, two_anchors());
  CHECK(loss.isnan().template item<bool>());
  loss.backward();
  CHECK(features.grad().eq(0).all().template item<bool>());
}

TEMPLATE_TEST_CASE("PixelDistance says what does not fit", "", Plain, Compiled) {
  const auto labels = ints({0, 1}).view({1, 1, 2});
  const auto call = [&](const at::Tensor& features) {
    typename TestType::template Loss<>{}({features, {}}, labels, two_anchors());
  };
  CHECK_THAT(message_of([&] {
               call(at::rand({1, 3, 1, 2}));
             }),
             Contains("features of width 3") && Contains("2"));
  CHECK_THAT(message_of([&] { call(at::rand({2, 2})); }), Contains("[N, D, h, w]"));
  CHECK_THAT(message_of([&] { call(at::rand({1, 2, 1, 5})); }), Contains("int64 labels"));
  for (const std::int64_t wrong : {2, 251, -1})
    CHECK_THAT(message_of([&] {
                 typename TestType::template Loss<>{}(
                     {at::rand({1, 2, 1, 3}), {}}, ints({0, kIgnoreIndex, wrong}).view({1, 1, 3}),
                     two_anchors());
               }),
               Contains("expected labels below 2 or 250, got " + std::to_string(wrong)));
}

TEST_CASE("NoAnchorLoss is zero") {
  const auto features = at::rand({1, 2, 1, 2});
  const auto loss = loss::NoAnchorLoss{}(predicting(features), {}, {});
  CHECK(loss.dim() == 0);
  CHECK(loss.item<float>() == 0);
}

TEMPLATE_TEST_CASE("An anchor loss is zero and attached to the graph without labelled pixels", "",
                   loss::PixelDistance<>, loss::FusedPixelDistance<>, loss::CentroidDistance<>) {
  const auto features = at::rand({2, 2, 3, 4}).requires_grad_(true);
  const auto labels = at::zeros({2, 3, 4}, at::kLong).fill_(kIgnoreIndex);
  const auto loss = TestType{}(predicting(features), labels, two_anchors());
  CHECK(loss.dim() == 0);
  CHECK(loss.template item<float>() == 0);
  REQUIRE(loss.requires_grad());
  loss.backward();
  CHECK(features.grad().eq(0).all().template item<bool>());
}

TEMPLATE_TEST_CASE("An anchor loss does not depend on the order of the pixels", "",
                   loss::PixelDistance<>, loss::FusedPixelDistance<>, loss::CentroidDistance<>,
                   loss::NoAnchorLoss) {
  at::manual_seed(13);
  const auto pixels = at::rand({60, 2});
  const auto labels = at::randint(0, 2, {60}, at::kLong);
  const auto order = at::randperm(60, at::kLong);
  const auto loss = [&](const at::Tensor& p, const at::Tensor& l) {
    const auto map = l.view({1, 1, 60});
    return TestType{}(Prediction{image_of(p), logits_for(map, 2)}, map, two_anchors());
  };
  CHECK(close(loss(pixels.index_select(0, order), labels.index_select(0, order)),
              loss(pixels, labels)));
}

TEMPLATE_TEST_CASE("An anchor loss keeps a pixel without a label out of value and gradient", "",
                   loss::PixelDistance<>, loss::FusedPixelDistance<>, loss::CentroidDistance<>,
                   loss::NoAnchorLoss) {
  auto values = at::rand({1, 2, 1, 24});
  values.select(3, 23).fill_(kNan);
  const auto features = values.requires_grad_(true);
  auto labels = at::zeros({1, 1, 24}, at::kLong);
  labels.select(2, 23).fill_(kIgnoreIndex);
  const auto loss = TestType{}(predicting(features), labels, two_anchors());
  CHECK(loss.isfinite().template item<bool>());
  if (!loss.requires_grad()) return;
  loss.backward();
  CHECK(features.grad().isfinite().all().template item<bool>());
}
