#include <cag/model/projected.hpp>

#include <ATen/ops/rand.h>
#include <torch/nn/modules/conv.h>

#include <cag/io/module_state.hpp>
#include <cag/model/check_backbone.hpp>
#include <cag/network/compact.hpp>

#include "catch.hpp"

namespace {

auto projected() {
  return cag::Projected(cag::Compact(cag::CompactOptions{.categories = 5}),
                        torch::nn::Conv2d(torch::nn::Conv2dOptions(64, 16, 1)));
}

}  // namespace

TEST_CASE("Projected gives the head's features and the network's logits") {
  auto net = projected();
  static_assert(cag::TrainableBackbone<decltype(net)>);
  const auto report = cag::check_backbone(net, at::rand({2, 3, 48, 64}));
  INFO(report.text());
  CHECK(report.ok());
  CHECK(report.shape.width == 16);
  CHECK(report.shape.categories == 5);
}

TEST_CASE("Projected trains and saves its head with the network") {
  auto net = projected();
  const auto state = cag::module_state(net.module());
  CHECK(state.contains("head.weight"));
  CHECK(state.contains("backbone.classifier.weight"));
  auto teacher = net.frozen_copy();
  CHECK_FALSE(teacher.module().is_training());
  auto other = projected();
  cag::load_module_state(other.module(), state, "state");
  other.module().eval();
  const auto images = at::rand({1, 3, 32, 32});
  CHECK(cag::predict(other, images).features.equal(cag::predict(teacher, images).features));
}
