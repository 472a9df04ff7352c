#include <cag/network/compact.hpp>

#include <torch/nn.h>
#include <torch/optim/sgd.h>

#include "catch.hpp"
#include "properties.hpp"

using cag::Compact;
using cag::CompactOptions;

TEST_CASE("the compact network with 11 categories has 964 795 parameters") {
  CHECK(properties::parameter_count(*Compact(CompactOptions{.categories = 11})) == 964'795);
}

TEST_CASE("the compact network gives features and logits at a quarter of the size, rounded up") {
  Compact net(CompactOptions{.categories = 7});
  net->eval();
  const torch::NoGradGuard no_grad;
  const auto sizes = [&](std::int64_t h, std::int64_t w) {
    const auto p = net->forward(torch::rand({1, 3, h, w}));
    CHECK(p.features.size(1) == Compact::Impl::kFeatureWidth);
    CHECK(p.logits.size(1) == 7);
    CHECK(p.features.sizes().slice(2) == p.logits.sizes().slice(2));
    return p.logits.sizes().slice(2).vec();
  };
  CHECK(sizes(180, 240) == std::vector<std::int64_t>{45, 60});
  CHECK(sizes(65, 97) == std::vector<std::int64_t>{17, 25});
  CHECK(sizes(2, 1) == std::vector<std::int64_t>{1, 1});
}

TEST_CASE("the compact network's logits are its classifier applied to its features") {
  Compact net(CompactOptions{.categories = 3});
  net->eval();
  const torch::NoGradGuard no_grad;
  const auto p = net->forward(torch::rand({1, 3, 33, 20}));
  const auto parameters = net->named_parameters();
  const auto weight = parameters["classifier.weight"].flatten(1);
  const auto expected = torch::einsum("kd,ndhw->nkhw", {weight, p.features}) +
                        parameters["classifier.bias"].view({1, -1, 1, 1});
  CHECK(torch::allclose(p.logits, expected, 1e-4, 1e-6));
  CHECK(p.features.min().item<float>() >= 0);
}

TEST_CASE("the compact network starts with small logits") {
  torch::manual_seed(1);
  Compact net;
  const auto weight = net->named_parameters()["classifier.weight"];
  CHECK(weight.std().item<double>() == Approx(0.01).epsilon(0.1));
  CHECK(net->named_parameters()["classifier.bias"].abs().max().item<float>() == 0);
}

TEST_CASE("a gradient reaches every parameter of the compact network, with a batch of one too") {
  torch::manual_seed(2);
  properties::check_a_training_step_moves_everything(Compact(CompactOptions{.categories = 3}),
                                                     torch::randn({1, 3, 37, 50}));
}

TEST_CASE("the compact network learns two constant images") {
  torch::manual_seed(3);
  Compact net(CompactOptions{.categories = 2});
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  const auto images = torch::cat({torch::zeros({1, 3, 32, 32}), torch::ones({1, 3, 32, 32})});
  const auto labels = torch::tensor({0, 1}, torch::kLong).view({2, 1, 1}).expand({2, 8, 8});
  at::Tensor loss;
  for (int i = 0; i < 12; ++i) {
    sgd.zero_grad();
    loss = torch::nn::functional::cross_entropy(net->forward(images).logits, labels);
    loss.backward();
    sgd.step();
  }
  CHECK(loss.item<double>() < 0.1);
}

TEST_CASE("a clone of the compact network is equal and separate") {
  Compact net(CompactOptions{.categories = 4});
  net->forward(torch::rand({2, 3, 32, 32}));  // running statistics differ from a new network's
  const auto clone = std::dynamic_pointer_cast<cag::CompactImpl>(net->clone());
  REQUIRE(clone);
  CHECK(properties::same_state(*net, *clone));
  net->eval();
  clone->eval();
  const auto images = torch::rand({1, 3, 20, 30});
  CHECK(at::equal(net->forward(images).logits, clone->forward(images).logits));
  const torch::NoGradGuard no_grad;
  for (auto& p : net->parameters()) p.zero_();
  CHECK_FALSE(properties::same_state(*net, *clone));
}

TEST_CASE("the compact network refuses bad options and images that are not [N, 3, H, W] float") {
  CHECK_THROWS_AS(Compact(CompactOptions{.categories = 1}), cag::UsageError);
  Compact net;
  CHECK_THROWS_AS(net->forward({}), c10::ValueError);
  CHECK_THROWS_AS(net->forward(torch::rand({3, 8, 8})), c10::ValueError);
  CHECK_THROWS_AS(net->forward(torch::rand({1, 4, 8, 8})), c10::ValueError);
  CHECK_THROWS_AS(net->forward(torch::rand({0, 3, 8, 8})), c10::ValueError);
  CHECK_THROWS_AS(net->forward(torch::zeros({1, 3, 8, 8}, torch::kByte)), c10::ValueError);
}
