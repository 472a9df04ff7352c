#include <cag/network/kaiming.hpp>

#include <cmath>

#include <torch/nn.h>

#include "catch.hpp"

TEST_CASE("Kaiming initialisation draws convolutions with variance 2 / fan-in") {
  torch::manual_seed(1);
  torch::nn::Sequential net(torch::nn::Conv2d(16, 200, 3), torch::nn::BatchNorm2d(200));
  auto* convolution = net[0]->as<torch::nn::Conv2d>();
  auto* norm = net[1]->as<torch::nn::BatchNorm2d>();
  convolution->bias.data().fill_(3);
  norm->weight.data().fill_(4);
  norm->bias.data().fill_(5);
  cag::initialise_kaiming(*net);
  CHECK(convolution->weight.std().item<double>() ==
        Approx(std::sqrt(2.0 / (16 * 9))).epsilon(0.03));
  CHECK(convolution->weight.mean().item<double>() == Approx(0).margin(3e-3));
  CHECK(convolution->weight.requires_grad());
  CHECK(at::equal(convolution->bias, torch::zeros({200})));
  CHECK(at::equal(norm->weight, torch::ones({200})));
  CHECK(at::equal(norm->bias, torch::zeros({200})));
}

TEST_CASE("Kaiming initialisation reaches the module itself") {
  torch::nn::Conv2d convolution(1, 1, 1);
  cag::initialise_kaiming(*convolution);
  CHECK(convolution->bias.item<float>() == 0);
}
