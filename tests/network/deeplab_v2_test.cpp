#include <cag/network/deeplab_v2.hpp>

#include <torch/nn.h>

#include <cag/model/frozen_copy.hpp>

#include "catch.hpp"
#include "properties.hpp"

using cag::DeepLabV2;
using cag::DeepLabV2Options;

namespace {

DeepLabV2 small(bool auxiliary = true) {
  return DeepLabV2(DeepLabV2Options{.depth = 18, .categories = 5, .auxiliary = auxiliary});
}

}  // namespace

TEST_CASE("DeepLabV2 has the names of its usual weights, and their number") {
  const DeepLabV2 net(DeepLabV2Options{.depth = 101, .categories = 19, .auxiliary = true});
  // ResNet-101 without its classifier, and two classifiers of four 3 x 3 convolutions.
  CHECK(properties::parameter_count(*net) ==
        44'549'160 - 2'049'000 + 4 * (9 * 1024 * 19 + 19) + 4 * (9 * 2048 * 19 + 19));
  const auto parameters = net->named_parameters();
  for (const auto* name : {"conv1.weight", "bn1.bias", "layer1.0.downsample.1.weight",
                           "layer4.2.conv3.weight", "layer5.conv2d_list.3.bias"})
    CHECK(parameters.contains(name));
  CHECK(parameters["layer5.conv2d_list.0.weight"].sizes() == at::IntArrayRef({19, 1024, 3, 3}));
  CHECK(parameters["layer6.conv2d_list.0.weight"].sizes() == at::IntArrayRef({19, 2048, 3, 3}));
  CHECK(small(false)->named_parameters()["layer5.conv2d_list.0.weight"].size(1) == 512);
}

TEST_CASE("DeepLabV2 carries strides in the first convolution and rounds its pooling up") {
  const DeepLabV2 net(DeepLabV2Options{.depth = 50, .categories = 5});
  const auto modules = net->named_modules();
  const auto convolution = [&](const std::string& name) {
    return modules[name]->as<torch::nn::Conv2dImpl>()->options;
  };
  CHECK(convolution("layer2.0.conv1").stride()->front() == 2);
  CHECK(convolution("layer2.0.conv2").stride()->front() == 1);
  CHECK(convolution("layer3.0.conv2").dilation()->front() == 2);
  CHECK(convolution("layer4.2.conv2").dilation()->front() == 4);
}

TEST_CASE("DeepLabV2 gives features and logits of one size, at either output stride") {
  const torch::NoGradGuard no_grad;
  for (const std::int64_t stride : {8, 16}) {
    DeepLabV2 net(
        DeepLabV2Options{.depth = 18, .categories = 5, .output_stride = stride, .auxiliary = true});
    net->eval();
    const auto p = net->forward(torch::rand({2, 3, 64, 96}));
    const auto h = 64 / stride + 1, w = 96 / stride + 1;  // the pooling's last window is half full
    CHECK(p.features.sizes() == at::IntArrayRef({2, 512, h, w}));
    CHECK(p.logits.sizes() == at::IntArrayRef({2, 5, h, w}));
    CHECK(p.auxiliary.sizes() == at::IntArrayRef({2, 5, h, w}));
    CHECK(p.features.ge(0).all().item<bool>());
  }
  CHECK_FALSE(small(false)->forward(torch::rand({2, 3, 32, 32})).auxiliary.defined());
}

TEST_CASE("The classifier is the sum of its four convolutions") {
  const torch::NoGradGuard no_grad;
  cag::DilatedClassifier classifier(4, 3);
  const auto parameters = classifier->named_parameters();
  const auto x = torch::rand({1, 4, 30, 30});
  auto expected = torch::zeros({1, 3, 30, 30});
  for (int i = 0; i < 4; ++i) {
    const auto name = "conv2d_list." + std::to_string(i);
    const std::int64_t dilation = 6 * (i + 1);
    expected += torch::conv2d(x, parameters[name + ".weight"], parameters[name + ".bias"],
                              /*stride=*/1, /*padding=*/dilation, dilation);
  }
  CHECK(torch::allclose(classifier(x), expected, 1e-5, 1e-6));
}

TEST_CASE("A gradient reaches every parameter of DeepLabV2") {
  torch::manual_seed(2);
  properties::check_a_training_step_moves_everything(small(false), torch::randn({2, 3, 49, 65}));
}

TEST_CASE("A frozen copy of DeepLabV2 is equal, and its own") {
  auto net = small();
  net->forward(torch::rand({2, 3, 32, 32}));
  auto copy = cag::frozen_copy(net);
  CHECK(properties::same_state(*net, *copy));
  net->eval();
  const auto images = torch::rand({1, 3, 40, 33});
  CHECK(at::equal(net->forward(images).logits, copy->forward(images).logits));
  const torch::NoGradGuard no_grad;
  for (auto& parameter : net->parameters()) parameter.zero_();
  CHECK(copy->forward(images).logits.abs().sum().item<float>() > 0);
  CHECK(net->forward(images).logits.abs().sum().item<float>() == 0);
}

TEST_CASE("DeepLabV2 refuses bad options and images") {
  CHECK_THROWS_AS(DeepLabV2(DeepLabV2Options{.depth = 42}), cag::UsageError);
  CHECK_THROWS_AS(DeepLabV2(DeepLabV2Options{.output_stride = 4}), cag::UsageError);
  CHECK_THROWS_AS(DeepLabV2(DeepLabV2Options{.categories = 1}), cag::UsageError);
  CHECK_THROWS_AS(small()->forward(torch::rand({2, 1, 32, 32})), c10::ValueError);
}
