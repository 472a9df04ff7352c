#include <cag/model/tap.hpp>

#include <memory>

#include <ATen/ops/rand.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>

#include <cag/model/adapted.hpp>
#include <cag/model/check_backbone.hpp>

#include "catch.hpp"

using Catch::Contains;

namespace {

/// Its forward gives logits alone; a tap stands on each side of its dropout.
struct LogitsImpl : torch::nn::Cloneable<LogitsImpl> {
  LogitsImpl() { reset(); }
  void reset() override {
    encoder = register_module(
        "encoder",
        torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 6, 4).stride(4)),
                              cag::Tap(), torch::nn::Dropout(0.5)));
    after = register_module("after", cag::Tap());
    last = register_module("last", torch::nn::Conv2d(torch::nn::Conv2dOptions(6, 3, 1)));
  }
  at::Tensor forward(const at::Tensor& images) { return last(after(encoder->forward(images))); }
  torch::nn::Sequential encoder{nullptr};
  cag::Tap after{nullptr};
  torch::nn::Conv2d last{nullptr};
};
using Logits = std::shared_ptr<LogitsImpl>;

auto tapped(const Logits& net, const std::string& name) {
  return cag::adapt(net, [name](Logits& own, const at::Tensor& images) {
    const auto logits = own->forward(images);
    return cag::Prediction{cag::tap_of(*own, name).take(), logits};
  });
}

}  // namespace

TEST_CASE("A tap gives the features that pass it, before or after dropout") {
  const auto net = std::make_shared<LogitsImpl>();
  for (const auto* name : {"encoder.1", "after"}) {
    auto backbone = tapped(net, name);
    const auto report = cag::check_backbone(backbone, at::rand({2, 3, 16, 24}));
    INFO(name << "\n" << report.text());
    CHECK(report.ok());
  }
  net->train();
  auto before = tapped(net, "encoder.1"), after = tapped(net, "after");
  const auto images = at::rand({1, 3, 16, 24});
  CHECK(cag::predict(before, images).features.ne(0).all().item<bool>());
  CHECK(cag::predict(after, images).features.eq(0).any().item<bool>());
}

TEST_CASE("A tap that is not there is named beside those that are") {
  const auto net = std::make_shared<LogitsImpl>();
  CHECK_THROWS_WITH(cag::tap_of(*net, "decoder"),
                    Contains("expected a tap decoder, found encoder.1, after"));
  torch::nn::Conv2d none(torch::nn::Conv2dOptions(3, 6, 1));
  CHECK_THROWS_WITH(cag::tap_of(*none, "x"), Contains("found none: register cag::Tap"));
}

TEST_CASE("What passed a tap can be taken once") {
  cag::Tap tap;
  CHECK_THROWS_WITH(tap->take(), Contains("nothing has passed"));
  const auto value = at::rand({2});
  CHECK(tap(value).equal(value));
  CHECK(tap->take().equal(value));
  CHECK_THROWS_AS(tap->take(), c10::ValueError);
}
