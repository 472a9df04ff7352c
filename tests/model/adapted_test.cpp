#include <cag/model/adapted.hpp>

#include <memory>
#include <utility>

#include <ATen/ops/rand.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include <cag/model/any_backbone.hpp>
#include <cag/model/check_backbone.hpp>

#include "catch.hpp"

namespace {

/// Somebody's network: it knows nothing of cag, and cannot clone itself.
struct TheirsImpl : torch::nn::Module {
  explicit TheirsImpl(std::int64_t width) {
    encoder = register_module("encoder",
                              torch::nn::Conv2d(torch::nn::Conv2dOptions(3, width, 8).stride(8)));
    last = register_module("last", torch::nn::Conv2d(torch::nn::Conv2dOptions(width, 7, 1)));
  }
  torch::nn::Conv2d encoder{nullptr}, last{nullptr};
};
using Theirs = std::shared_ptr<TheirsImpl>;

auto adapted(const Theirs& net) {
  return cag::adapt(
      net,
      [](Theirs& own, const at::Tensor& images) {
        const auto features = own->encoder(images).relu();
        return std::pair(features, own->last(features));
      },
      [] { return std::make_shared<TheirsImpl>(48); });
}

}  // namespace

TEST_CASE("adapt makes a backbone of a module that knows nothing of it") {
  const auto theirs = std::make_shared<TheirsImpl>(48);
  auto net = adapted(theirs);
  static_assert(cag::TrainableBackbone<decltype(net)>);
  const auto report = cag::check_backbone(net, at::rand({2, 3, 64, 96}));
  INFO(report.text());
  CHECK(report.ok());
  CHECK(report.shape.width == 48);
  CHECK(report.shape.categories == 7);
  CHECK(report.shape.stride_height == 8);
}

TEST_CASE("An adapted backbone's copies share the module, its teacher does not") {
  const auto theirs = std::make_shared<TheirsImpl>(48);
  auto net = adapted(theirs);
  auto same = net;
  auto teacher = cag::TrainingTraits<decltype(net)>::frozen_copy(net);
  const auto images = at::rand({1, 3, 16, 16});
  const at::NoGradGuard no_grad;
  const auto before = cag::predict(teacher, images).logits;
  CHECK(before.equal(cag::predict(net, images).logits));
  theirs->last->weight.add_(1);
  CHECK(cag::predict(same, images).logits.equal(cag::predict(net, images).logits));
  CHECK(cag::predict(teacher, images).logits.equal(before));
  CHECK_FALSE(cag::predict(net, images).logits.equal(before));
  same = adapted(
      std::make_shared<TheirsImpl>(48));  // a backbone can be assigned, its lambda could not
}

TEST_CASE("adapt takes holders that clone themselves, and fits where the type is erased") {
  torch::nn::Sequential layers(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 6, 4).stride(4)),
                               torch::nn::Conv2d(torch::nn::Conv2dOptions(6, 3, 1)));
  cag::AnyBackbone net(cag::adapt(layers, [](auto& own, const at::Tensor& images) {
    const auto features = own[0]->template as<torch::nn::Conv2d>()->forward(images);
    return cag::Prediction{features, own[1]->template as<torch::nn::Conv2d>()->forward(features)};
  }));
  const auto report = cag::check_backbone(net, at::rand({2, 3, 16, 16}));
  INFO(report.text());
  CHECK(report.ok());
}

TEST_CASE("frozen_copy makes teachers of adapted backbones, and of those of any type") {
  auto net = adapted(std::make_shared<TheirsImpl>(48));
  auto teacher = cag::frozen_copy(net);
  CHECK_FALSE(teacher.module()->is_training());
  auto any = cag::frozen_copy(cag::AnyBackbone(net));
  const auto images = at::rand({1, 3, 16, 16});
  CHECK(cag::predict(any, images).logits.equal(cag::predict(teacher, images).logits));
}

TEST_CASE("check_backbone tells a function that runs another module than its own") {
  const auto theirs = std::make_shared<TheirsImpl>(48);
  auto net = cag::adapt(
      theirs,
      [theirs](Theirs&, const at::Tensor& images) {
        const auto features = theirs->encoder(images).relu();
        return std::pair(features, theirs->last(features));
      },
      [] { return std::make_shared<TheirsImpl>(48); });
  const auto report = cag::check_backbone(net, at::rand({2, 3, 16, 16}));
  REQUIRE(report.findings.size() == 1);
  CHECK_THAT(report.text(), Catch::Contains("another module than the one it is given"));
}
