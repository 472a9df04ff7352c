#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/nn.h>
#include <torch/optim/sgd.h>

#include "catch.hpp"

namespace properties {

inline std::int64_t parameter_count(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& p : module.parameters()) count += p.numel();
  return count;
}

inline bool same_state(const torch::nn::Module& a, const torch::nn::Module& b) {
  const auto same = [](const auto& left, const auto& right) {
    if (left.size() != right.size()) return false;
    for (const auto& item : left) {
      const auto* other = right.find(item.key());
      if (other == nullptr || !at::equal(item.value(), *other)) return false;
    }
    return true;
  };
  return same(a.named_parameters(), b.named_parameters()) &&
         same(a.named_buffers(), b.named_buffers());
}

/// One step of SGD moves every parameter of a network, because a gradient reaches each of them.
template <typename Net>
void check_a_training_step_moves_everything(Net net, const at::Tensor& images) {
  net->train();
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1));
  std::vector<at::Tensor> before;
  for (const auto& p : net->parameters()) before.push_back(p.detach().clone());
  const auto [features, logits] = net->forward(images);
  // A fixed random projection: no symmetry makes a gradient vanish.
  (logits * torch::randn_like(logits)).sum().backward();
  sgd.step();
  std::size_t i = 0;
  for (const auto& p : net->named_parameters()) {
    INFO(p.key());
    CHECK(p.value().grad().defined());
    CHECK(p.value().grad().abs().sum().template item<double>() > 0);
    CHECK_FALSE(at::equal(p.value(), before[i++]));
  }
}

}  // namespace properties
