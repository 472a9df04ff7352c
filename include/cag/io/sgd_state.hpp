#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/ops/full.h>
#include <torch/nn/module.h>
#include <torch/optim/sgd.h>

#include <cag/detail/state_comparison.hpp>
#include <cag/error.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

namespace detail {

/// The parameters that an optimizer steps, by their names in `module`, with their group.
inline std::map<std::string, std::pair<at::Tensor, std::int64_t>> stepped_parameters(
    const torch::optim::SGD& optimizer, const torch::nn::Module& module) {
  std::map<const void*, std::string> names;
  for (const auto& item : module.named_parameters()) {
    names.emplace(item.value().unsafeGetTensorImpl(), item.key());
  }
  std::map<std::string, std::pair<at::Tensor, std::int64_t>> parameters;
  std::int64_t group_index = 0;
  for (const auto& group : optimizer.param_groups()) {
    for (const auto& parameter : group.params()) {
      const auto name = names.find(parameter.unsafeGetTensorImpl());
      if (name == names.end()) {
        throw UsageError("group {} of the optimizer steps a parameter that is not in the module",
                         group_index);
      }
      parameters.emplace(name->second, std::pair(parameter, group_index));
    }
    ++group_index;
  }
  return parameters;
}

inline at::Tensor momentum_buffer(const torch::optim::SGD& optimizer, const at::Tensor& parameter) {
  const auto& states = optimizer.state();
  const auto found = states.find(parameter.unsafeGetTensorImpl());
  if (found == states.end()) return {};
  return static_cast<const torch::optim::SGDParamState&>(*found->second).momentum_buffer();
}

inline std::array<std::pair<std::string_view, double>, 5> sgd_options(
    const torch::optim::OptimizerParamGroup& group) {
  const auto& options = static_cast<const torch::optim::SGDOptions&>(group.options());
  return {{{"lr", options.lr()},
           {"momentum", options.momentum()},
           {"dampening", options.dampening()},
           {"weight_decay", options.weight_decay()},
           {"nesterov", options.nesterov() ? 1.0 : 0.0}}};
}

inline std::string sgd_option_name(std::int64_t group, std::string_view option) {
  return fmt::format("group.{}.{}", group, option);
}

}  // namespace detail

/// All that `optimizer` needs to go on: "group.<i>.<option>" as float64 scalars, "group_of.<name>"
/// as int64 scalars, and "momentum.<name>" where a parameter has been stepped with momentum.
/// `module` gives the names. Throws UsageError where it lacks a parameter of the optimizer.
inline TensorMap sgd_state(const torch::optim::SGD& optimizer, const torch::nn::Module& module) {
  TensorMap state;
  std::int64_t group_index = 0;
  for (const auto& group : optimizer.param_groups()) {
    for (const auto& [option, value] : detail::sgd_options(group)) {
      state.emplace(detail::sgd_option_name(group_index, option), at::full({}, value, at::kDouble));
    }
    ++group_index;
  }
  for (const auto& [name, place] : detail::stepped_parameters(optimizer, module)) {
    const auto& [parameter, group] = place;
    state.emplace("group_of." + name, at::full({}, group, at::kLong));
    if (const auto momentum = detail::momentum_buffer(optimizer, parameter); momentum.defined()) {
      state.emplace("momentum." + name, momentum.detach().clone());
    }
  }
  return state;
}

/// Puts a state of sgd_state into `optimizer`, options included. `what` names the state in
/// messages. Throws one CheckpointError where names, groups, shapes or types differ or an option is
/// not a finite number of at least 0; then nothing has changed.
inline void load_sgd_state(torch::optim::SGD& optimizer, const torch::nn::Module& module,
                           const TensorMap& state, std::string_view what) {
  const auto parameters = detail::stepped_parameters(optimizer, module);
  auto expected = sgd_state(optimizer, module);
  for (const auto& [name, place] : parameters) {
    // Either may have been stepped when the other has not.
    expected.erase("momentum." + name);
    if (state.contains("momentum." + name)) expected.emplace("momentum." + name, place.first);
  }
  detail::StateComparison(expected, state).expect_equal(what);

  for (const auto& [name, place] : parameters) {
    const auto group = state.at("group_of." + name).item<std::int64_t>();
    if (group != place.second) {
      throw CheckpointError("{}: expected {} in group {} of the optimizer, found it in group {}",
                            what, name, place.second, group);
    }
  }
  auto& groups = optimizer.param_groups();
  std::vector<torch::optim::SGDOptions> options;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto option = [&](std::string_view name) {
      const auto key = detail::sgd_option_name(static_cast<std::int64_t>(i), name);
      const auto value = state.at(key).item<double>();
      if (!std::isfinite(value) || value < 0) {
        throw CheckpointError("{}: expected {} of at least 0, found {}", what, key, value);
      }
      return value;
    };
    options.push_back(torch::optim::SGDOptions(option("lr"))
                          .momentum(option("momentum"))
                          .dampening(option("dampening"))
                          .weight_decay(option("weight_decay"))
                          .nesterov(option("nesterov") != 0));
  }

  for (std::size_t i = 0; i < groups.size(); ++i) {
    static_cast<torch::optim::SGDOptions&>(groups[i].options()) = options[i];
  }
  for (const auto& [name, place] : parameters) {
    const auto& parameter = place.first;
    optimizer.state().erase(parameter.unsafeGetTensorImpl());
    const auto momentum = state.find("momentum." + name);
    if (momentum == state.end()) continue;
    auto stepped = std::make_unique<torch::optim::SGDParamState>();
    stepped->momentum_buffer(momentum->second.detach().to(parameter.device()).clone());
    optimizer.state()[parameter.unsafeGetTensorImpl()] = std::move(stepped);
  }
}

}  // namespace cag
