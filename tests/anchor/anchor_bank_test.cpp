#include <cag/anchor/anchor_bank.hpp>
#include <cag/anchor/pixel_mean.hpp>
#include <cag/candidate/all.hpp>
#include <cag/candidate/among.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/mask/labelled.hpp>
#include <cag/moments/diagonal.hpp>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

/// The images are the features; the first two channels are the logits.
struct Echo {
  Prediction forward(const at::Tensor& images) const { return {images, images.narrow(1, 0, 2)}; }
};

using PixelBank = AnchorBank<Echo, anchor::PixelMean, mask::Labelled>;

}  // namespace

TEST_CASE("AnchorBank takes its width from the first prediction and keeps to it") {
  AnchorBank<Echo> bank(2);
  CHECK(bank.anchors().width() == 0);
  const auto labels = at::zeros({1, 4, 4}, at::kLong);
  Echo net;
  bank.observe(net, at::rand({1, 3, 4, 4}), labels);
  CHECK(bank.anchors().width() == 3);
  CHECK_THAT(message_of([&] {
               bank.observe(net, at::rand({1, 5, 4, 4}), labels);
             }),
             Contains("width 5") && Contains("3"));
}

TEST_CASE("AnchorBank reads labels at feature resolution from the top-left pixel of each cell") {
  auto labels = at::full({1, 2, 8}, 1, at::kLong);
  labels.select(1, 0).copy_(ints({0, 1, 0, 1, 1, 0, 1, 0}).unsqueeze(0));
  PixelBank bank(2);
  const auto features = image_of(floats({1, 2, 4, 8}).view({4, 1}));
  bank.observe(Prediction{features, logits_for(at::zeros({1, 1, 4}, at::kLong), 2)}, labels);
  CHECK(same(bank.anchors().vectors, doubles({1.5, 6}).view({2, 1})));  // 0 0 1 1
}

TEST_CASE("AnchorBank by default counts only the pixels that the network agrees with") {
  auto features = at::ones({1, 2, 4, 5});
  auto predicted = at::zeros({1, 4, 5}, at::kLong);
  predicted.narrow(1, 2, 2).fill_(1);
  features.narrow(2, 0, 2).fill_(3);
  const auto labels = at::zeros({1, 4, 5}, at::kLong);
  AnchorBank<Echo> bank(2);
  bank.observe(Prediction{features, logits_for(predicted, 2)}, labels);
  CHECK(same(bank.anchors().vectors, doubles({3, 3, 0, 0}).view({2, 2})));
  CHECK(same(bank.anchors().counts, ints({1, 0})));
  CHECK(same(bank.anchors().seen(), ints({1, 0}).to(at::kBool)));
}

TEST_CASE("A pixel that is not finite is counted apart and never enters an anchor") {
  const double broken = GENERATE(values({kNan, kInf, -kInf}));
  auto features = at::rand({2, 3, 2, 3});
  const auto labels = ints({0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0}).view({2, 2, 3});
  const Prediction clean{features.clone(), logits_for(labels, 2)};
  features[1][2][0][1].fill_(broken);
  auto without = labels.clone();
  without[1][0][1].fill_(kIgnoreIndex);

  PixelBank bank(2);
  bank.observe(Prediction{features, clean.logits}, labels);
  PixelBank expected(2);
  expected.observe(clean, without);
  CHECK(same(bank.anchors().vectors, expected.anchors().vectors));
  CHECK(same(bank.anchors().counts, expected.anchors().counts));
  CHECK(bank.non_finite_pixels() == 1);
  CHECK(expected.non_finite_pixels() == 0);
}

TEST_CASE("A pixel that is not finite and has no label is not counted") {
  auto features = at::rand({1, 3, 1, 3});
  features[0][0][0][0].fill_(kNan);
  PixelBank bank(2);
  bank.observe(Prediction{features, at::rand({1, 2, 1, 3})},
               ints({kIgnoreIndex, 1, 1}).view({1, 1, 3}));
  CHECK(bank.non_finite_pixels() == 0);
}

TEST_CASE("Large half features are finite even where their sum is not") {
  const auto features = at::full({1, 4, 1, 2}, 30000, at::kHalf);
  PixelBank bank(2);
  bank.observe(Prediction{features, at::rand({1, 2, 1, 2})}, at::zeros({1, 1, 2}, at::kLong));
  CHECK(bank.non_finite_pixels() == 0);
  CHECK(bank.anchors().vectors[0][0].item<double>() == Approx(30000).epsilon(1e-3));
}

TEST_CASE("AnchorBank goes on from anchors that exist") {
  at::manual_seed(6);
  const auto features = at::rand({4, 3, 2, 3});
  const auto labels = at::randint(0, 2, {4, 2, 3}, at::kLong);
  const auto half = [&](std::int64_t start) {
    return Prediction{features.narrow(0, start, 2), at::rand({2, 2, 2, 3})};
  };
  PixelBank first(2);
  first.observe(half(0), labels.narrow(0, 0, 2));
  const auto before = first.anchors().vectors.clone();
  PixelBank second(first.anchors());
  second.observe(half(2), labels.narrow(0, 2, 2));
  CHECK(same(first.anchors().vectors, before));
  PixelBank whole(2);
  whole.observe(Prediction{features, at::rand({4, 2, 2, 3})}, labels);
  CHECK(close(second.anchors().vectors, whole.anchors().vectors, 1e-6));
  CHECK(same(second.anchors().counts, whole.anchors().counts));
}

TEST_CASE("A category that never occurs keeps a zero row and a zero count") {
  PixelBank bank(3);
  bank.observe(Prediction{at::rand({1, 2, 1, 2}), at::rand({1, 3, 1, 2})},
               ints({0, 2}).view({1, 1, 2}));
  CHECK(same(bank.anchors().counts, ints({1, 0, 1})));
  CHECK(bank.anchors().vectors[1].eq(0).all().item<bool>());
}

TEST_CASE(
    "AnchorBank leaves behind what it would not keep up, and refuses what it cannot go on with") {
  Anchors anchors{doubles({1, 2}).view({2, 1}), ints({3, 4})};
  anchors.margins = doubles({1, 1});
  anchors.moments = ClassMoments::zeros(2, 1, true);
  const auto without = PixelBank(anchors).anchors();
  CHECK_FALSE(without.margins.defined());
  CHECK_FALSE(without.moments.has_value());
  using Diagonal = AnchorBank<Echo, anchor::PixelMean, mask::Labelled, moments::Diagonal>;
  Diagonal other_form(anchors);
  CHECK_THAT(message_of([&] {
               other_form.observe(Prediction{at::rand({1, 1, 2, 2}), at::rand({1, 2, 2, 2})},
                                  at::zeros({1, 2, 2}, at::kLong));
             }),
             Contains("moments of means"));
  CHECK(same(other_form.anchors().counts, ints({3, 4})));  // nothing has changed
  anchors.moments.reset();
  CHECK_THAT(message_of([&] { Diagonal{anchors}; }), Contains("with moments"));
  anchors.owner = ints({0, 0});
  CHECK_THAT(message_of([&] { PixelBank{anchors}; }), Contains("2 to"));
}

TEST_CASE("A batch with labels that are none leaves the width open") {
  PixelBank bank(2);
  const auto logits = at::rand({1, 2, 2, 2});
  CHECK_THROWS_AS(
      bank.observe(Prediction{at::rand({1, 5, 2, 2}), logits}, at::full({1, 2, 2}, 7, at::kLong)),
      c10::ValueError);
  CHECK_NOTHROW(
      bank.observe(Prediction{at::rand({1, 4, 2, 2}), logits}, at::zeros({1, 2, 2}, at::kLong)));
}

TEST_CASE("AnchorBank records no graph") {
  PixelBank bank(2);
  bank.observe(Prediction{at::rand({1, 2, 1, 2}).requires_grad_(true), at::rand({1, 2, 1, 2})},
               ints({0, 1}).view({1, 1, 2}));
  CHECK_FALSE(bank.anchors().vectors.requires_grad());
}

TEST_CASE("AnchorBank says what is wrong with its input") {
  CHECK_THAT(message_of([] { PixelBank bank(1); }), Contains("2 to 250 categories, got 1"));
  CHECK_THAT(message_of([] { PixelBank bank(251); }), Contains("got 251"));
  PixelBank bank(2);
  CHECK_THAT(message_of([&] {
               bank.observe(Prediction{at::rand({1, 2, 1, 2}), at::rand({1, 2, 1, 2})},
                            ints({0, 2}).view({1, 1, 2}));
             }),
             Contains("labels below 2") && Contains("got 2"));
  CHECK_THAT(message_of([&] {
               bank.observe(Prediction{at::rand({2, 2, 2}), at::rand({1, 2, 1, 2})},
                            ints({0, 1}).view({1, 1, 2}));
             }),
             Contains("features") && Contains("[2, 2, 2]"));
  CHECK_THAT(message_of([&] {
               bank.observe(Prediction{at::rand({1, 2, 1, 2}), at::rand({1, 2, 1, 2})},
                            ints({0, 1}).view({1, 2}));
             }),
             Contains("labels [N, H, W]") && Contains("[1, 2]"));
}

TEST_CASE("mask::Agreeing keeps a label only where the logits predict it") {
  const auto labels = ints({0, 1, kIgnoreIndex, 1}).view({1, 2, 2});
  const auto logits = logits_for(ints({0, 0, 1, 1}).view({1, 2, 2}), 2);
  const auto kept = mask::Agreeing{}(labels, logits);
  CHECK(same(kept, ints({0, kIgnoreIndex, kIgnoreIndex, 1}).view({1, 2, 2})));
  CHECK(same(mask::Agreeing{}(kept, logits), kept));
}

TEST_CASE("mask::Labelled keeps every label") {
  const auto labels = ints({0, 1, kIgnoreIndex, 1}).view({1, 2, 2});
  CHECK(same(mask::Labelled{}(labels, at::rand({1, 2, 2, 2})), labels));
}

TEST_CASE("mask::Agreeing says what is wrong with its input") {
  const auto labels = ints({0, 1}).view({1, 1, 2});
  CHECK_THAT(message_of([&] {
               mask::Agreeing{}(labels, at::rand({1, 2, 2}));
             }),
             Contains("logits") && Contains("[N, K, h, w]"));
  CHECK_THAT(message_of([&] {
               mask::Agreeing{}(labels, at::rand({1, 2, 2, 2}));
             }),
             Contains("int64 labels"));
}

TEST_CASE("Candidate rules choose all anchors, those seen, or those listed") {
  const Anchors anchors{at::zeros({3, 2}, at::kDouble), ints({4, 0, 1})};
  const auto bools = [](std::initializer_list<std::int64_t> values) {
    return ints(values).to(at::kBool);
  };
  CHECK(same(candidate::All{}(anchors), bools({1, 1, 1})));
  CHECK(same(candidate::Seen{}(anchors), bools({1, 0, 1})));
  CHECK(same(candidate::Among{{1, 2}}(anchors), bools({0, 1, 1})));
  CHECK(same(candidate::Among{}(anchors), bools({0, 0, 0})));
  CHECK_THAT(message_of([&] { candidate::Among{{3}}(anchors); }),
             Contains("categories below 3, got 3"));
  CHECK_THAT(message_of([&] { candidate::Among{{-1}}(anchors); }), Contains("got -1"));
}
