#include <cag/model/batch_norm.hpp>

#include <limits>
#include <list>
#include <ranges>

#include <torch/nn.h>

#include <cag/network/compact.hpp>

#include "catch.hpp"
#include "properties.hpp"

namespace {

using Batches = std::vector<at::Tensor>;

std::function<at::Tensor(const at::Tensor&)> forward_of(torch::nn::Sequential net) {
  return [net](const at::Tensor& x) mutable { return net->forward(x); };
}

}  // namespace

TEST_CASE("re-estimated statistics are the mean of batch means and of unbiased batch variances") {
  torch::nn::BatchNorm2d norm(1);
  norm->running_mean.fill_(50);
  // Means 2 and 7; unbiased variances ((1 + 1) / 1 = 2) and ((9 + 9) / 1 = 18).
  const Batches batches = {torch::tensor({1.F, 3.F}).view({2, 1, 1, 1}),
                           torch::tensor({4.F, 10.F}).view({1, 1, 1, 2})};
  CHECK(cag::reestimate_batch_norm(norm, batches) == 1);
  CHECK(norm->running_mean.item<float>() == Approx(4.5));
  CHECK(norm->running_var.item<float>() == Approx(10));
}

TEST_CASE("re-estimation equals the mean over batches in every layer and dimension") {
  torch::manual_seed(1);
  Batches batches;
  std::vector<at::Tensor> means, variances;
  for (int i = 0; i < 5; ++i) {
    const auto x = torch::randn({4, 3, 6, 5}) * (i + 1) + i;
    batches.push_back(x);
    means.push_back(x.mean({0, 2, 3}));
    variances.push_back(x.var({0, 2, 3}, /*unbiased=*/true));
  }
  const auto mean = torch::stack(means).mean(0);
  const auto variance = torch::stack(variances).mean(0);
  const auto check = [&](auto norm, auto reshape) {
    const auto count = cag::reestimate_batch_norm(
        *norm, batches, [&](const at::Tensor& x) { norm->forward(reshape(x)); });
    CHECK(count == 1);
    CHECK(torch::allclose(norm->running_mean, mean, 1e-5, 1e-6));
    CHECK(torch::allclose(norm->running_var, variance, 1e-5, 1e-6));
    CHECK(norm->num_batches_tracked.template item<std::int64_t>() == 5);
  };
  check(torch::nn::BatchNorm1d(3), [](const at::Tensor& x) { return x.flatten(2); });
  check(torch::nn::BatchNorm2d(3), [](const at::Tensor& x) { return x; });
  check(torch::nn::BatchNorm3d(3), [](const at::Tensor& x) { return x.unsqueeze(2); });
}

TEST_CASE("after re-estimation on one batch, eval mode gives for it what train mode gives") {
  torch::manual_seed(2);
  cag::Compact net(cag::CompactOptions{.categories = 3});
  const auto images = torch::rand({8, 3, 65, 97});
  const auto count = cag::reestimate_batch_norm(net, std::views::single(images));
  CHECK(count == 2 + 14 + 3 + 1 + 1 + 2);  // stem, stages, pyramid and its joint, decoder
  const auto trained = net->forward(images).features;
  net->eval();
  // Equal but for the unbiased variance, whose effect falls with the number of pixels.
  const auto difference = (net->forward(images).features - trained).norm() / trained.norm();
  CHECK(difference.item<double>() < 0.03);
}

TEST_CASE("re-estimation keeps parameters, modes and momenta, and asks for no gradient") {
  torch::nn::Sequential net(torch::nn::Conv2d(3, 2, 1), torch::nn::BatchNorm2d(2),
                            torch::nn::Dropout(0.9), torch::nn::BatchNorm2d(2));
  net->train();
  net[1]->eval();  // a frozen layer in a training network
  net[1]->as<torch::nn::BatchNorm2d>()->options.momentum(0.25);
  const auto weight = net[0]->as<torch::nn::Conv2d>()->weight.detach().clone();
  bool dropout_trained = true;
  bool gradient = true;
  const auto forward = [&](const at::Tensor& x) {
    dropout_trained = net[2]->is_training();
    gradient = net->forward(x).requires_grad();
  };
  const std::list<at::Tensor> batches = {torch::rand({2, 3, 4, 4})};
  CHECK(cag::reestimate_batch_norm(*net, batches, forward) == 2);
  CHECK_FALSE(dropout_trained);
  CHECK_FALSE(gradient);
  CHECK(net->is_training());
  CHECK(net[0]->is_training());
  CHECK_FALSE(net[1]->is_training());
  CHECK(net[2]->is_training());
  CHECK(net[3]->is_training());
  CHECK(net[1]->as<torch::nn::BatchNorm2d>()->options.momentum() == 0.25);
  CHECK(net[3]->as<torch::nn::BatchNorm2d>()->options.momentum() == 0.1);
  CHECK(at::equal(net[0]->as<torch::nn::Conv2d>()->weight, weight));
}

TEST_CASE("a failed re-estimation leaves the module as it was") {
  torch::manual_seed(4);
  torch::nn::Sequential net(torch::nn::BatchNorm2d(3));
  net->forward(torch::rand({2, 3, 4, 4}));
  net->eval();
  const auto before = std::dynamic_pointer_cast<torch::nn::SequentialImpl>(net->clone());
  const auto unchanged = [&] {
    return properties::same_state(*net, *before) && !net->is_training() && !net[0]->is_training() &&
           net[0]->as<torch::nn::BatchNorm2d>()->options.momentum() == 0.1;
  };
  SECTION("without any batch") {
    CHECK_THROWS_AS(cag::reestimate_batch_norm(*net, Batches{}, forward_of(net)), cag::DataError);
  }
  SECTION("at a wrong second batch") {
    const Batches batches = {torch::rand({2, 3, 4, 4}), torch::rand({2, 5, 4, 4})};
    CHECK_THROWS(cag::reestimate_batch_norm(*net, batches, forward_of(net)));
  }
  SECTION("at values that are not finite") {
    const Batches batches = {torch::full({2, 3, 4, 4}, std::numeric_limits<float>::quiet_NaN())};
    CHECK_THROWS_AS(cag::reestimate_batch_norm(*net, batches, forward_of(net)),
                    cag::NumericalError);
  }
  CHECK(unchanged());
}

TEST_CASE("re-estimation leaves a layer that no forward reaches alone") {
  torch::nn::Sequential net(torch::nn::BatchNorm2d(1), torch::nn::BatchNorm2d(1));
  auto unused = net[1]->as<torch::nn::BatchNorm2d>();
  unused->running_mean.fill_(3);
  const Batches batches = {torch::rand({2, 1, 4, 4})};
  const auto count = cag::reestimate_batch_norm(*net, batches, [&](const at::Tensor& x) {
    net[0]->as<torch::nn::BatchNorm2d>()->forward(x);
  });
  CHECK(count == 1);
  CHECK(unused->running_mean.item<float>() == 3);
}

TEST_CASE("re-estimation does nothing for a module without batch norm statistics") {
  torch::nn::Sequential net(
      torch::nn::Conv2d(3, 2, 1),
      torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(2).track_running_stats(false)));
  const auto never = [](const at::Tensor&) { FAIL("ran the module"); };
  CHECK(cag::reestimate_batch_norm(*net, Batches{torch::rand({2, 3, 4, 4})}, never) == 0);
}
