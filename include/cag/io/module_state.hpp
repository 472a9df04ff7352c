#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/module.h>

#include <cag/detail/state_comparison.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

namespace detail {

/// The parameters and buffers themselves, by their dotted names.
inline TensorMap module_tensors(const torch::nn::Module& module) {
  TensorMap tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) {
    if (item.value().defined()) tensors.emplace(item.key(), item.value());
  }
  return tensors;
}

/// Copies the named entries of `state` into the module, which has them in these shapes.
inline void copy_weights(torch::nn::Module& module, const TensorMap& state,
                         const std::vector<std::string>& names) {
  const auto tensors = module_tensors(module);
  const at::NoGradGuard no_grad;
  for (const auto& name : names) tensors.at(name).copy_(state.at(name));
}

}  // namespace detail

/// Copies of all parameters and buffers under their dotted names, on their device.
inline TensorMap module_state(const torch::nn::Module& module) {
  auto state = detail::module_tensors(module);
  for (auto& [name, tensor] : state) tensor = tensor.detach().clone();
  return state;
}

/// Copies `state` into the parameters and buffers of `module`, from any device. `what` names the
/// state in messages. Throws one CheckpointError listing all that is missing, unexpected, of
/// another shape or of another type; then nothing has changed.
inline void load_module_state(torch::nn::Module& module, const TensorMap& state,
                              std::string_view what) {
  const auto tensors = detail::module_tensors(module);
  detail::StateComparison(tensors, state).expect_equal(what);
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) tensor.copy_(state.at(name));
}

}  // namespace cag
