#include <cag/network/resnet.hpp>

#include <torch/nn.h>

#include "catch.hpp"
#include "properties.hpp"

using cag::ResNet;
using cag::ResNetOptions;

namespace {

std::int64_t dilation(ResNet& net, const std::string& name) {
  const auto modules = net->named_modules();
  return modules[name]->as<torch::nn::Conv2dImpl>()->options.dilation()->front();
}

}  // namespace

TEST_CASE("the ResNets without their classifiers have the usual numbers of parameters") {
  // The ImageNet classifiers' totals less 1000 x width + 1000.
  const auto count = [](std::int64_t depth) {
    return properties::parameter_count(*ResNet(ResNetOptions{.depth = depth}));
  };
  CHECK(count(18) == 11'689'512 - 513'000);
  CHECK(count(34) == 21'797'672 - 513'000);
  CHECK(count(50) == 25'557'032 - 2'049'000);
}

TEST_CASE("a ResNet gives its first layer at a quarter and its last at the output stride") {
  const torch::NoGradGuard no_grad;
  for (const std::int64_t depth : {18, 50}) {
    for (const std::int64_t stride : {8, 16}) {
      ResNet net(ResNetOptions{.depth = depth, .output_stride = stride});
      net->eval();
      const auto levels = net->forward(torch::rand({1, 3, 65, 97}));
      const auto high = stride == 16 ? std::pair{5, 7} : std::pair{9, 13};
      CHECK(levels.low.sizes() == at::IntArrayRef({1, net->low_width(), 17, 25}));
      CHECK(levels.high.sizes() ==
            at::IntArrayRef({1, net->high_width(), high.first, high.second}));
    }
  }
  CHECK(ResNet(ResNetOptions{.depth = 18})->high_width() == 512);
  CHECK(ResNet(ResNetOptions{.depth = 50})->low_width() == 256);
}

TEST_CASE("a ResNet dilates where it does not stride, and its last layer by a multi-grid") {
  ResNet coarse(ResNetOptions{.depth = 50, .output_stride = 16});
  CHECK(dilation(coarse, "layer3.0.conv2") == 1);
  CHECK(dilation(coarse, "layer4.0.conv2") == 2);
  CHECK(dilation(coarse, "layer4.1.conv2") == 4);
  CHECK(dilation(coarse, "layer4.2.conv2") == 8);
  ResNet fine(ResNetOptions{.depth = 50, .output_stride = 8});
  CHECK(dilation(fine, "layer2.3.conv2") == 1);
  CHECK(dilation(fine, "layer3.5.conv2") == 2);
  CHECK(dilation(fine, "layer4.0.conv2") == 4);
  CHECK(dilation(fine, "layer4.2.conv2") == 16);
  ResNet basic(ResNetOptions{.depth = 18, .output_stride = 16});
  CHECK(dilation(basic, "layer4.0.conv1") == 2);
  CHECK(dilation(basic, "layer4.1.conv1") == 4);
  CHECK(dilation(basic, "layer4.1.conv2") == 4);
}

TEST_CASE("a ResNet refuses other depths and output strides") {
  CHECK_THROWS_WITH(ResNet(ResNetOptions{.depth = 42}), Catch::Contains("42"));
  CHECK_THROWS_AS(ResNet(ResNetOptions{.depth = 42}), cag::UsageError);
  CHECK_THROWS_AS(ResNet(ResNetOptions{.output_stride = 4}), cag::UsageError);
}
