#include <cag/network/norm.hpp>

#include <torch/nn.h>
#include <torch/optim/sgd.h>

#include <cag/model/batch_norm.hpp>
#include <cag/model/frozen_copy.hpp>
#include <cag/network/deeplab_v2.hpp>
#include <cag/network/deeplab_v3_plus.hpp>

#include "catch.hpp"
#include "properties.hpp"

using cag::Norm;

namespace {

template <typename Net>
struct Small;
template <>
struct Small<cag::DeepLabV2> {
  static cag::DeepLabV2 of(Norm norm) {
    return cag::DeepLabV2(cag::DeepLabV2Options{.depth = 18, .categories = 5, .norm = norm});
  }
};
template <>
struct Small<cag::DeepLabV3Plus> {
  static cag::DeepLabV3Plus of(Norm norm) {
    return cag::DeepLabV3Plus(
        cag::DeepLabV3PlusOptions{.depth = 18, .categories = 5, .norm = norm});
  }
};

bool is_of_norm(const std::string& name) {
  return name.find("bn") != name.npos || name.find("downsample.1") != name.npos ||
         name.find("global_avg_pool.2") != name.npos || name.find("last_conv.1") != name.npos ||
         name.find("last_conv.5") != name.npos;
}

}  // namespace

TEMPLATE_TEST_CASE("Frozen batch norm stays as it is in training, and trains on one image", "",
                   cag::DeepLabV2, cag::DeepLabV3Plus) {
  torch::manual_seed(3);
  auto net = Small<TestType>::of(Norm::kFrozenBatch);
  std::map<std::string, at::Tensor> before;
  for (const auto& item : net->named_parameters()) before[item.key()] = item.value().clone();
  for (const auto& item : net->named_buffers()) before[item.key()] = item.value().clone();
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1).weight_decay(0.1));
  net->train();
  const auto logits = net->forward(torch::rand({1, 3, 32, 32})).logits;
  (logits * torch::randn_like(logits)).sum().backward();
  sgd.step();
  for (const auto& item : net->named_buffers()) CHECK(item.value().equal(before[item.key()]));
  for (const auto& item : net->named_parameters()) {
    INFO(item.key());
    CHECK(item.value().equal(before[item.key()]) == is_of_norm(item.key()));
  }
  const auto copy = cag::frozen_copy(net);
  CHECK(properties::same_state(*net, *copy));
  const auto clone = net->clone();
  for (const auto& item : clone->named_parameters())
    CHECK(item.value().requires_grad() != is_of_norm(item.key()));
  const std::vector<at::Tensor> batches{torch::rand({2, 3, 32, 32})};
  CHECK(cag::reestimate_batch_norm(net, batches) == 0);
}

TEMPLATE_TEST_CASE("Group norm is independent of the batch, in training too", "", cag::DeepLabV2,
                   cag::DeepLabV3Plus) {
  torch::manual_seed(4);
  auto net = Small<TestType>::of(Norm::kGroup);
  net->train();
  for (const auto& part : net->modules(/*include_self=*/false))
    if (part->template as<torch::nn::DropoutImpl>() != nullptr) part->eval();
  const torch::NoGradGuard no_grad;
  const auto images = torch::rand({2, 3, 32, 32});
  const auto both = net->forward(images).logits;
  const auto one = net->forward(images.narrow(0, 0, 1)).logits;
  CHECK(torch::allclose(both.narrow(0, 0, 1), one, 1e-4, 1e-5));
  for (const auto& item : net->named_buffers()) CHECK(item.key() == "");  // no statistics
  CHECK(properties::same_state(*net, *cag::frozen_copy(net)));
}

TEST_CASE("The kinds of norm have the same names of scale and shift") {
  const auto names = [](Norm norm) {
    std::vector<std::string> result;
    for (const auto& item : Small<cag::DeepLabV3Plus>::of(norm)->named_parameters())
      result.push_back(item.key());
    return result;
  };
  CHECK(names(Norm::kGroup) == names(Norm::kBatch));
  CHECK(names(Norm::kFrozenBatch) == names(Norm::kBatch));
}
