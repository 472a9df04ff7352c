#pragma once

#include <string>
#include <string_view>

#include <torch/nn/module.h>

#include <cag/error.hpp>
#include <cag/io/module_state.hpp>
#include <cag/io/tensor_map.hpp>
#include <cag/io/weights_report.hpp>

namespace cag {

/// Copies weights from elsewhere into a network, all of them or nothing.
/// @param what  names the weights in messages
/// @throws CheckpointError with the report where it is not complete; nothing has changed then
inline WeightsReport load_weights(torch::nn::Module& module, const TensorMap& weights,
                                  std::string_view what) {
  auto report = WeightsReport::of(module, weights);
  if (!report.complete())
    throw CheckpointError("{} does not fit the network: {}", what, report.text());
  detail::copy_weights(module, weights, report.loaded);
  return report;
}

/// Copies those weights that fit: a backbone into a whole network, say. The report tells the rest.
/// @throws CheckpointError where none fits
inline WeightsReport load_fitting_weights(torch::nn::Module& module, const TensorMap& weights,
                                          std::string_view what) {
  auto report = WeightsReport::of(module, weights);
  if (report.loaded.empty())
    throw CheckpointError("{} does not fit the network: {}", what, report.text());
  detail::copy_weights(module, weights, report.loaded);
  return report;
}

/// The weights with `prefix` before every name.
inline TensorMap with_prefix(const TensorMap& weights, std::string_view prefix) {
  TensorMap result;
  for (const auto& [name, tensor] : weights) result.emplace(std::string(prefix) + name, tensor);
  return result;
}

/// The weights of torchvision's ResNets, without their classifier, by the names that
/// DeepLabV3Plus has for them, or with another prefix.
inline TensorMap from_torchvision_resnet(TensorMap weights, std::string_view prefix = "backbone.") {
  std::erase_if(weights, [](const auto& entry) { return entry.first.starts_with("fc."); });
  return with_prefix(weights, prefix);
}

}  // namespace cag
