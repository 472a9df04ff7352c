#include <cag/io/load_weights.hpp>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cag/network/deeplab_v3_plus.hpp>

#include "catch.hpp"

using cag::TensorMap;
using cag::WeightsReport;
using Catch::Contains;

namespace {

torch::nn::Sequential network() {
  return torch::nn::Sequential(torch::nn::Conv2d(3, 4, 1), torch::nn::BatchNorm2d(4));
}

TensorMap ones() {
  TensorMap weights;
  for (const auto& [name, tensor] : cag::module_state(*network()))
    weights.emplace(name, at::ones_like(tensor));
  return weights;
}

bool untouched(torch::nn::Sequential& net, const TensorMap& before) {
  for (const auto& [name, tensor] : cag::module_state(*net))
    if (!tensor.equal(before.at(name))) return false;
  return true;
}

}  // namespace

TEST_CASE("load_weights copies all weights by name, from other floating-point types too") {
  auto net = network();
  auto weights = ones();
  weights["0.weight"] = weights["0.weight"].to(at::kDouble);
  weights["0.bias"] = weights["0.bias"].to(at::kHalf);
  weights.erase("1.num_batches_tracked");
  const auto report = cag::load_weights(*net, weights, "a.pth");
  CHECK(report.complete());
  CHECK(report.loaded.size() == 6);
  for (const auto& item : net->named_parameters()) {
    CHECK(item.value().eq(1).all().item<bool>());
    CHECK(item.value().scalar_type() == at::kFloat);
    CHECK(item.value().requires_grad());
  }
}

TEST_CASE("load_weights changes nothing and lists all where anything does not fit") {
  auto net = network();
  const auto before = cag::module_state(*net);
  auto weights = ones();
  weights.erase("0.bias");
  weights["1.weight"] = at::zeros({5});
  weights["1.bias"] = at::zeros({4}, at::kLong);
  weights["fc.weight"] = at::zeros({1});
  CHECK_THROWS_AS(cag::load_weights(*net, weights, "a.pth"), cag::CheckpointError);
  CHECK_THROWS_WITH(cag::load_weights(*net, weights, "a.pth"),
                    Contains("a.pth does not fit the network: 4 loaded") &&
                        Contains("1 missing: 0.bias") && Contains("1 unexpected: fc.weight") &&
                        Contains("1.weight: expected Float [4], found Float [5]") &&
                        Contains("1.bias: expected Float [4], found Long [4]"));
  CHECK(untouched(net, before));
}

TEST_CASE("load_fitting_weights copies what fits and reports the rest") {
  auto net = network();
  const auto before = cag::module_state(*net);
  auto weights = ones();
  weights["0.weight"] = at::zeros({4, 3, 3, 3});
  const auto report = cag::load_fitting_weights(*net, weights, "a.pth");
  CHECK(report.misshaped.size() == 1);
  CHECK(net[0]->named_parameters()["bias"].eq(1).all().item<bool>());
  CHECK(net[0]->named_parameters()["weight"].equal(before.at("0.weight")));
  CHECK_THROWS_AS(cag::load_fitting_weights(*net, {{"x", at::zeros({1})}}, "a.pth"),
                  cag::CheckpointError);
}

TEST_CASE("A long report is cut") {
  TensorMap weights;
  for (int i = 10; i < 40; ++i) weights["x" + std::to_string(i)] = at::zeros({1});
  const auto text = WeightsReport::of(*network(), weights).text();
  CHECK_THAT(text, Contains("30 unexpected") && Contains("x29, ...") && !Contains("x30"));
}

TEST_CASE("torchvision's ResNet names fit the backbone of DeepLabV3+") {
  cag::DeepLabV3Plus net(cag::DeepLabV3PlusOptions{.depth = 18, .categories = 5});
  TensorMap resnet{{"fc.weight", at::zeros({1000, 512})}, {"fc.bias", at::zeros({1000})}};
  for (const auto& [name, tensor] : cag::module_state(*net)) {
    constexpr std::string_view kBackbone = "backbone.";
    if (name.starts_with(kBackbone)) resnet[name.substr(kBackbone.size())] = at::ones_like(tensor);
  }
  REQUIRE(resnet.contains("layer1.0.conv1.weight"));
  const auto renamed = cag::from_torchvision_resnet(resnet);
  const auto report = cag::load_fitting_weights(*net, renamed, "resnet18.pth");
  CHECK(report.loaded.size() == resnet.size() - 2);
  CHECK(report.unexpected.empty());
  CHECK(net->named_parameters()["backbone.conv1.weight"].eq(1).all().item<bool>());
  CHECK(cag::with_prefix({{"a", at::zeros({1})}}, "b.").contains("b.a"));
}
