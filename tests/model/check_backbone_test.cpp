#include <cag/model/check_backbone.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include <ATen/ops/ones_like.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros_like.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>

#include <cag/network/compact.hpp>
#include <cag/network/deeplab_v2.hpp>
#include <cag/network/deeplab_v3_plus.hpp>

#include "catch.hpp"

using Catch::Contains;

namespace {

using Pair = std::pair<at::Tensor, at::Tensor>;

/// A good network, until `spoil` changes what it gives, or what it is.
struct NetImpl : torch::nn::Cloneable<NetImpl> {
  using Spoil = std::function<Pair(NetImpl&, Pair)>;

  explicit NetImpl(Spoil spoil = {}) : spoil_(std::move(spoil)) { reset(); }
  void reset() override {
    encode =
        register_module("encode", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 8, 8).stride(8)));
    norm = register_module("norm", torch::nn::BatchNorm2d(8));
    classify = register_module("classify", torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 5, 1)));
    spare = register_module("spare", torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 5, 1)));
    for (auto& parameter : spare->parameters()) parameter.set_requires_grad(false);
  }
  Pair forward(const at::Tensor& images) {
    const auto features = norm(encode(images)).relu();
    Pair result{features, classify(features)};
    return spoil_ ? spoil_(*this, result) : result;
  }
  torch::nn::Conv2d encode{nullptr}, classify{nullptr}, spare{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
  torch::nn::Dropout loose_dropout{0.5};  // not registered
  torch::nn::BatchNorm2d loose_norm{5};   // not registered
  int calls = 0;

 private:
  Spoil spoil_;
};
using Net = std::shared_ptr<NetImpl>;

cag::BackboneReport check(Net net) { return cag::check_backbone(net, at::rand({3, 3, 48, 64})); }

void finds(const NetImpl::Spoil& spoil, const std::string& about, const std::string& message) {
  const auto report = check(std::make_shared<NetImpl>(spoil));
  INFO(report.text());
  REQUIRE_FALSE(report.ok());
  CHECK(report.findings.front().about == about);
  CHECK_THAT(report.findings.front().message, Contains(message));
}

/// Its members are made in the constructor alone.
struct MadeOnceImpl : torch::nn::Cloneable<MadeOnceImpl> {
  MadeOnceImpl() {
    classify = register_module("classify", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 5, 1)));
  }
  void reset() override {}
  Pair forward(const at::Tensor& images) { return {images, classify(images)}; }
  torch::nn::Conv2d classify{nullptr};
};

}  // namespace

TEST_CASE("check_backbone finds nothing in the networks of the library, and says what they are") {
  const auto images = at::rand({2, 3, 64, 96});
  cag::Compact compact(cag::CompactOptions{.categories = 5});
  CHECK(cag::check_backbone(compact, images).text() ==
        "a backbone of 5 categories and features of width 64 at a stride of 4 x 4\n");
  cag::DeepLabV3Plus three(cag::DeepLabV3PlusOptions{.depth = 18, .categories = 5});
  CHECK(cag::check_backbone(three, images).ok());
  cag::DeepLabV2 two(cag::DeepLabV2Options{.depth = 18, .categories = 5, .auxiliary = true});
  CHECK(cag::check_backbone(two, images).ok());
}

TEST_CASE("check_backbone leaves the network as it was") {
  auto net = std::make_shared<NetImpl>();
  const auto before = cag::module_state(*net);
  at::rand({1});
  const auto random = at::rand({4});
  (void)random;
  REQUIRE(check(net).ok());
  CHECK(net->is_training());
  for (const auto& [name, tensor] : cag::module_state(*net)) CHECK(tensor.equal(before.at(name)));
  for (const auto& parameter : net->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("check_backbone says what is wrong with a prediction, and what to change") {
  finds([](auto&, Pair) -> Pair { throw std::runtime_error("sizes of 32 only"); }, "forward",
        "forward of images [3, 3, 48, 64] threw: sizes of 32 only");
  finds([](auto&, Pair p) { return Pair{p.first, {}}; }, "shapes", "got [3, 8, 6, 8] and nothing");
  finds(
      [](auto&, Pair p) {
        return Pair{p.first, p.second.narrow(0, 0, 1)};
      },
      "shapes", "of 3 images, got");
  finds(
      [](auto&, Pair p) {
        return Pair{p.first, p.second.repeat_interleave(8, 2)};
      },
      "shapes", "return the logits before they are upsampled");
  finds(
      [](auto&, Pair p) {
        return Pair{p.first, p.second.narrow(1, 0, 1)};
      },
      "shapes", "2 categories or more, got [3, 1, 6, 8]");
  finds(
      [](auto&, Pair p) {
        return Pair{p.first, p.second.to(at::kLong)};
      },
      "type", "floating-point logits, got Long");
  finds(
      [](auto&, Pair p) {
        return Pair{p.first / 0, p.second};
      },
      "values", "the features are not all finite");
}

TEST_CASE("check_backbone says what eval mode does not reach") {
  finds(
      [](auto& net, Pair p) {
        return Pair{p.first, net.loose_dropout(p.second)};
      },
      "eval mode", "a second forward of the same images gave other values");
  finds(
      [](auto& net, Pair p) {
        return Pair{p.first, net.loose_norm(p.second)};
      },
      "eval mode", "an image alone gives other logits than in a batch");
  finds(
      [](auto& net, Pair p) {
        const at::NoGradGuard no_grad;
        net.norm->running_mean.add_(1);
        return p;
      },
      "eval mode", "gave other values");
}

TEST_CASE("check_backbone says where no gradient arrives") {
  finds(
      [](auto&, Pair p) {
        return Pair{p.first, p.second.detach()};
      },
      "gradient", "the logits have no graph");
  finds(
      [](auto&, Pair p) {
        return Pair{p.first.detach(), p.second};
      },
      "gradient", "the features have no graph");
  auto apart = std::make_shared<NetImpl>([](auto& net, Pair p) {
    return Pair{net.spare(p.first.detach()).narrow(1, 0, 4), p.second};
  });
  for (auto& parameter : apart->spare->parameters()) parameter.set_requires_grad(true);
  CHECK_THAT(check(apart).text(), Contains("have no parameter in common"));
  auto unused = std::make_shared<NetImpl>();
  for (auto& parameter : unused->spare->parameters()) parameter.set_requires_grad(true);
  CHECK_THAT(check(unused).text(), Contains("gradient: reaches none of spare.weight, spare.bias"));
  auto frozen = std::make_shared<NetImpl>();
  for (auto& parameter : frozen->parameters()) parameter.set_requires_grad(false);
  CHECK_THAT(check(frozen).text(), Contains("no parameter requires one"));
}

TEST_CASE("check_backbone says when training could not be repeated") {
  finds(
      [](auto& net, Pair p) {
        if (net.is_training()) p.second = p.second * (1 + ++net.calls);
        return p;
      },
      "train mode", "the same random numbers gave other logits");
}

TEST_CASE("check_backbone says when a teacher cannot be copied") {
  auto net = std::make_shared<MadeOnceImpl>();
  const auto report = cag::check_backbone(net, at::rand({2, 3, 8, 8}));
  REQUIRE_FALSE(report.ok());
  CHECK(report.findings.front().about == "teacher");
}

TEST_CASE("check_backbone wants images in a batch") {
  auto net = std::make_shared<NetImpl>();
  CHECK_THROWS_WITH(cag::check_backbone(net, at::rand({3, 8, 8})),
                    Contains("two or more, got [3, 8, 8]"));
  CHECK_THROWS_WITH(cag::check_backbone(net, at::rand({1, 3, 8, 8})), Contains("two or more"));
}
