#include <cag/model/deeplab_v3_plus.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <torch/nn.h>
#include <nlohmann/json.hpp>

#include <cag/io/safetensors.hpp>

#include "catch.hpp"
#include "closed_form.hpp"
#include "properties.hpp"

using cag::DeepLabV3Plus;
using cag::DeepLabV3PlusOptions;

namespace {

std::filesystem::path golden(const char* name) {
  const char* folder = std::getenv("CAG_GOLDEN");
  REQUIRE(folder != nullptr);
  return std::filesystem::path(folder) / name;
}

nlohmann::ordered_json golden_json() {
  std::ifstream file(golden("network.json"));
  return nlohmann::ordered_json::parse(file);
}

// 59 million parameters: made once for all cases, which leave the weights as they are.
DeepLabV3Plus& published() {
  static DeepLabV3Plus net = [] {
    DeepLabV3Plus made;
    closed_form::fill(*made);
    return made;
  }();
  return net;
}

at::Tensor published_images() { return closed_form::values("image", {2, 3, 65, 97}, 0.5, 0.5); }

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a - b).abs().max().item<double>();
}

// As the golden numbers were made: everything trains, except that dropout is off.
void train_without_dropout(torch::nn::Module& net) {
  net.train();
  for (const auto& part : net.modules(/*include_self=*/false)) {
    if (part->as<torch::nn::DropoutImpl>() != nullptr) part->eval();
  }
}

DeepLabV3Plus small() { return DeepLabV3Plus(DeepLabV3PlusOptions{.depth = 18, .categories = 5}); }

}  // namespace

TEST_CASE("DeepLabV3+ over ResNet-101 has the published names, shapes and order") {
  CHECK(properties::parameter_count(*published()) == 59'343'795);
  const auto check = [](const auto& entries, const auto& expected) {
    REQUIRE(entries.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto& [name, entry] = expected[i];
      CHECK(entries[i].key() == name);
      CHECK(entries[i].value().sizes().vec() ==
            entry["shape"].template get<std::vector<std::int64_t>>());
    }
  };
  const auto json = golden_json();
  std::vector<std::pair<std::string, nlohmann::ordered_json>> parameters, buffers;
  for (const auto& [name, entry] : json["state_dict"].items()) {
    const bool buffer = name.find(".running_") != name.npos || name.ends_with("_tracked");
    (buffer ? buffers : parameters).emplace_back(name, entry);
  }
  CHECK(parameters.size() + buffers.size() == 680);
  check(published()->named_parameters().items(), parameters);
  check(published()->named_buffers().items(), buffers);
  for (const auto& [name, entry] : parameters) {
    const auto sum = published()->named_parameters()[name].to(torch::kDouble).sum();
    CHECK(sum.item<double>() == Approx(entry["sum"].get<double>()).margin(1e-6));
  }
}

TEST_CASE("DeepLabV3+ in eval mode gives the published features and logits") {
  const auto expected = cag::read_safetensors(golden("network.safetensors"));
  const auto images = published_images();
  REQUIRE(at::equal(images, expected.at("image")));
  const torch::NoGradGuard no_grad;
  published()->eval();
  const auto p = published()->forward(images.slice(0, 0, 1));
  CHECK(largest_difference(p.features, expected.at("eval.feat_cls")) < 1e-4);
  CHECK(largest_difference(p.logits, expected.at("eval.logits")) < 1e-4);
}

TEST_CASE("DeepLabV3+ in training gives the published logits, gradients and running statistics") {
  const auto wide = cag::read_safetensors(golden("network_f64.safetensors"));
  const auto single = cag::read_safetensors(golden("network.safetensors"));
  DeepLabV3Plus net;
  closed_form::fill(*net);
  net->to(torch::kDouble);
  train_without_dropout(*net);
  const auto p = net->forward(published_images().to(torch::kDouble));
  const auto weight = closed_form::values("loss_weight", p.logits.sizes());
  const auto feature_weight = closed_form::values("loss_weight_feat", p.features.sizes());
  const auto loss = (p.logits * weight).mean() + (p.features * feature_weight).mean();
  loss.backward();

  CHECK(loss.item<double>() == Approx(-0.0037554778043211567).epsilon(1e-9));
  CHECK(largest_difference(p.logits, wide.at("train.logits")) < 1e-9);
  const auto checksums = golden_json()["train_gradient_checksums_float64"];
  REQUIRE(checksums.size() == net->parameters().size());
  for (const auto& entry : net->named_parameters()) {
    INFO(entry.key());
    const auto& gradient = entry.value().grad();
    const auto expected = checksums[entry.key()]["sumsq"].get<double>();
    CHECK(gradient.square().sum().item<double>() == Approx(expected).epsilon(1e-8));
    if (const auto whole = wide.find("train.grad." + entry.key()); whole != wide.end()) {
      CHECK(torch::allclose(gradient, whole->second, 1e-7, 1e-12));
    }
  }
  for (const char* name : {"backbone.bn1", "decoder.bn1"}) {
    const auto buffers = net->named_buffers();
    for (const char* statistic : {"running_mean", "running_var"}) {
      CHECK(largest_difference(buffers[std::string(name) + "." + statistic],
                               single.at(std::string("train.") + statistic + "." + name)) < 1e-5);
    }
  }
}

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
