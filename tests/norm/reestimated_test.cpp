#include <cag/norm/reestimated.hpp>

#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>

#include <cag/norm/as_trained.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;

namespace {

/// Batch norm of the images; features and logits are its result.
struct NormOnlyImpl : torch::nn::Cloneable<NormOnlyImpl> {
  NormOnlyImpl() { reset(); }
  void reset() override { norm = register_module("norm", torch::nn::BatchNorm2d(3)); }
  Prediction forward(const at::Tensor& images) {
    const auto result = norm(images);
    return {result, result};
  }
  torch::nn::BatchNorm2d norm{nullptr};
};
TORCH_MODULE(NormOnly);

/// Two batches of mean 1 and 3 in each channel, with unbiased variance 4/3 and 0.
std::vector<at::Tensor> batches() {
  return {floats({0, 2, 0, 2}).view({1, 1, 2, 2}).expand({1, 3, 2, 2}), at::ones({1, 3, 2, 2}) * 3};
}

}  // namespace

TEST_CASE("Reestimated gives batch norm the mean statistics of the batches") {
  NormOnly net;
  norm::Reestimated{}(net, batches());
  CHECK(close(net->norm->running_mean, floats({2, 2, 2})));
  CHECK(close(net->norm->running_var, floats({2.0 / 3, 2.0 / 3, 2.0 / 3})));
}

TEST_CASE("AsTrained leaves the running statistics") {
  NormOnly net;
  norm::AsTrained{}(net, batches());
  CHECK(same(net->norm->running_mean, at::zeros({3})));
  CHECK(same(net->norm->running_var, at::ones({3})));
}

TEMPLATE_TEST_CASE("A statistics rule leaves parameters, modes and gradients alone", "",
                   norm::AsTrained, norm::Reestimated) {
  NormOnly net;
  const bool train = GENERATE(values({0, 1})) == 1;
  net->train(train);
  TestType{}(net, batches());
  CHECK(net->is_training() == train);
  CHECK(net->norm->is_training() == train);
  CHECK(same(net->norm->weight.detach(), at::ones({3})));
  CHECK_FALSE(net->norm->weight.grad().defined());
  CHECK(net->norm->options.momentum().value() == 0.1);
}
