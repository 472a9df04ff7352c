#include <cag/network/deeplab_v3_plus.hpp>

#include <torch/nn.h>

#include "catch.hpp"
#include "properties.hpp"

using cag::DeepLabV3Plus;
using cag::DeepLabV3PlusOptions;

namespace {

void train_without_dropout(torch::nn::Module& net) {
  net.train();
  for (const auto& part : net.modules(/*include_self=*/false)) {
    if (part->as<torch::nn::DropoutImpl>() != nullptr) part->eval();
  }
}

DeepLabV3Plus small() { return DeepLabV3Plus(DeepLabV3PlusOptions{.depth = 18, .categories = 5}); }

}  // namespace

TEST_CASE("DeepLabV3+ gives features and logits at a quarter of the size, rounded up") {
  const torch::NoGradGuard no_grad;
  for (const std::int64_t stride : {8, 16}) {
    DeepLabV3Plus net(DeepLabV3PlusOptions{.depth = 18, .categories = 5, .output_stride = stride});
    net->eval();
    const auto sizes = [&](std::int64_t h, std::int64_t w) {
      const auto p = net->forward(torch::rand({1, 3, h, w}));
      CHECK(p.features.size(1) == DeepLabV3Plus::Impl::kFeatureWidth);
      CHECK(p.logits.size(1) == 5);
      CHECK(p.features.sizes().slice(2) == p.logits.sizes().slice(2));
      return p.logits.sizes().slice(2).vec();
    };
    CHECK(sizes(64, 112) == std::vector<std::int64_t>{16, 28});
    CHECK(sizes(65, 97) == std::vector<std::int64_t>{17, 25});
    CHECK(sizes(66, 31) == std::vector<std::int64_t>{17, 8});
    CHECK(sizes(1, 1) == std::vector<std::int64_t>{1, 1});
  }
}

TEST_CASE("the pyramid's dilations are 6, 12, 18 at output stride 16 and twice that at 8") {
  const auto rates = [](std::int64_t stride) {
    DeepLabV3Plus net(DeepLabV3PlusOptions{.depth = 18, .output_stride = stride});
    const auto modules = net->named_modules();
    std::vector<std::int64_t> found;
    for (const char* branch : {"aspp.aspp1", "aspp.aspp2", "aspp.aspp3", "aspp.aspp4"}) {
      const auto& convolution = modules[std::string(branch) + ".atrous_conv"];
      found.push_back(convolution->as<torch::nn::Conv2dImpl>()->options.dilation()->front());
    }
    return found;
  };
  CHECK(rates(16) == std::vector<std::int64_t>{1, 6, 12, 18});
  CHECK(rates(8) == std::vector<std::int64_t>{1, 12, 24, 36});
}

TEST_CASE("DeepLabV3+ features in training have passed dropout, as those the classifier sees") {
  torch::manual_seed(1);
  auto net = small();
  const auto zeros = [&] {
    const auto features = net->forward(torch::rand({2, 3, 64, 64})).features;
    return (features == 0).to(torch::kDouble).mean().item<double>();
  };
  const auto with = zeros();
  train_without_dropout(*net);
  const auto without = zeros();
  // Of the values that ReLU leaves, a tenth is dropped.
  CHECK((1 - with) / (1 - without) == Approx(0.9).margin(0.03));
}

TEST_CASE("a gradient reaches every parameter of DeepLabV3+") {
  torch::manual_seed(2);
  properties::check_a_training_step_moves_everything(small(), torch::randn({2, 3, 49, 65}));
}

TEST_CASE("a clone of DeepLabV3+ is equal") {
  auto net = small();
  net->forward(torch::rand({2, 3, 32, 32}));
  const auto clone = std::dynamic_pointer_cast<cag::DeepLabV3PlusImpl>(net->clone());
  REQUIRE(clone);
  CHECK(properties::same_state(*net, *clone));
  net->eval();
  clone->eval();
  const auto images = torch::rand({1, 3, 40, 33});
  CHECK(at::equal(net->forward(images).logits, clone->forward(images).logits));
}

TEST_CASE("DeepLabV3+ says how to train with a batch of one") {
  auto net = small();
  const auto image = torch::rand({1, 3, 64, 64});
  CHECK_THROWS_WITH(net->forward(image),
                    Catch::Contains("at least 2 images") && Catch::Contains("freeze batch norm"));
  for (const auto& part : net->modules(/*include_self=*/false)) {
    if (part->as<torch::nn::BatchNorm2dImpl>() != nullptr) part->eval();
  }
  CHECK_NOTHROW(net->forward(image));
}

TEST_CASE("DeepLabV3+ refuses bad options and images that are not [N, 3, H, W] float") {
  CHECK_THROWS_AS(DeepLabV3Plus(DeepLabV3PlusOptions{.depth = 42}), cag::UsageError);
  CHECK_THROWS_AS(DeepLabV3Plus(DeepLabV3PlusOptions{.output_stride = 4}), cag::UsageError);
  CHECK_THROWS_AS(DeepLabV3Plus(DeepLabV3PlusOptions{.categories = 1}), cag::UsageError);
  auto net = small();
  CHECK_THROWS_AS(net->forward(torch::rand({2, 1, 32, 32})), c10::ValueError);
  CHECK_THROWS_AS(net->forward(torch::zeros({2, 3, 32, 32}, torch::kInt)), c10::ValueError);
}
