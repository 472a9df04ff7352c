#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <ATen/ops/full.h>
#include <torch/optim/adam.h>

#include <cag/detail/state_comparison.hpp>
#include <cag/error.hpp>
#include <cag/io/module_state.hpp>
#include <cag/io/tensor_map.hpp>
#include <cag/stage/adversary.hpp>

namespace cag {
namespace detail {

/// The discriminators' parameters by "<level>.<name>".
inline TensorMap adversary_parameters(const Adversary& adversary) {
  TensorMap result;
  for (std::size_t i = 0; i < adversary.discriminators.size(); ++i)
    for (const auto& item : adversary.discriminators[i]->named_parameters())
      result.emplace(fmt::format("{}.{}", i, item.key()), item.value());
  return result;
}

}  // namespace detail

/// Copies of the discriminators' parameters by "<level>.<name>", and what Adam remembers of each:
/// "first.<...>", "second.<...>", "steps.<...>". Its options are the stage's.
inline TensorMap adversary_state(const Adversary& adversary) {
  TensorMap state;
  const auto& remembered = adversary.optimizer.state();
  for (const auto& [name, parameter] : detail::adversary_parameters(adversary)) {
    state.emplace(name, parameter.detach().clone());
    const auto found = remembered.find(parameter.unsafeGetTensorImpl());
    if (found == remembered.end()) continue;
    const auto& adam = static_cast<const torch::optim::AdamParamState&>(*found->second);
    state.emplace("first." + name, adam.exp_avg().clone());
    state.emplace("second." + name, adam.exp_avg_sq().clone());
    state.emplace("steps." + name, at::full({}, adam.step(), at::kLong));
  }
  return state;
}

/// An adversary on `device` that goes on where the one of `state` was. `what` names the state in
/// messages.
/// @throws CheckpointError where it is not whole
inline Adversary adversary_from(const TensorMap& state, at::Device device, std::string_view what) {
  const auto first = state.find("0.conv1.weight");
  if (first == state.end() || first->second.dim() != 4 || first->second.size(1) < 2)
    throw CheckpointError("{}: expected a discriminator, found none", what);
  Adversary adversary(state.contains("1.conv1.weight") ? 2 : 1, first->second.size(1), device);
  const auto parameters = detail::adversary_parameters(adversary);
  auto expected = parameters;
  if (state.contains("steps.0.conv1.weight"))
    for (const auto& [name, parameter] : parameters) {
      expected.emplace("first." + name, parameter);
      expected.emplace("second." + name, parameter);
      expected.emplace("steps." + name, at::full({}, 0, at::kLong));
    }
  detail::StateComparison(expected, state).expect_equal(what);
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    parameter.copy_(state.at(name));
    if (!state.contains("steps." + name)) continue;
    auto adam = std::make_unique<torch::optim::AdamParamState>();
    adam->step(state.at("steps." + name).item<std::int64_t>());
    adam->exp_avg(state.at("first." + name).to(device).clone());
    adam->exp_avg_sq(state.at("second." + name).to(device).clone());
    adversary.optimizer.state()[parameter.unsafeGetTensorImpl()] = std::move(adam);
  }
  return adversary;
}

}  // namespace cag
