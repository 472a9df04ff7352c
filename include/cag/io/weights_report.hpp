#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/module.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cag/detail/state_comparison.hpp>
#include <cag/io/module_state.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// How weights from elsewhere fit a network, by name. A floating-point type in place of another
/// fits; a batch norm's num_batches_tracked, which older files lack and nothing reads, may be
/// missing.
struct WeightsReport {
  std::vector<std::string> loaded;      ///< that fit
  std::vector<std::string> missing;     ///< of the network, not among the weights
  std::vector<std::string> unexpected;  ///< among the weights, not of the network
  std::vector<std::string> misshaped;   ///< "name: expected Float [64, 3, 7, 7], found ..."

  /// Compares; changes nothing.
  static WeightsReport of(const torch::nn::Module& module, const TensorMap& weights) {
    WeightsReport report;
    const auto tensors = detail::module_tensors(module);
    for (const auto& [name, tensor] : tensors) {
      const auto found = weights.find(name);
      if (found == weights.end()) {
        if (!name.ends_with("num_batches_tracked")) report.missing.push_back(name);
      } else if (fits(tensor, found->second)) {
        report.loaded.push_back(name);
      } else {
        report.misshaped.push_back(fmt::format("{}: expected {}, found {}", name, described(tensor),
                                               described(found->second)));
      }
    }
    for (const auto& [name, tensor] : weights) {
      if (!tensors.contains(name)) report.unexpected.push_back(name);
    }
    return report;
  }

  /// Whether every weight fits and none is missing.
  bool complete() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }

  /// "680 loaded; 1 missing: fc.bias; ...", the first 20 of each kind.
  std::string text() const {
    std::vector<std::string> parts{fmt::format("{} loaded", loaded.size())};
    detail::describe(parts, missing, "missing");
    detail::describe(parts, unexpected, "unexpected");
    detail::describe(parts, misshaped, "of another shape or type");
    return fmt::format("{}", fmt::join(parts, "; "));
  }

 private:
  static bool fits(const at::Tensor& expected, const at::Tensor& found) {
    return expected.sizes() == found.sizes() &&
           (expected.scalar_type() == found.scalar_type() ||
            (expected.is_floating_point() && found.is_floating_point()));
  }

  static std::string described(const at::Tensor& tensor) {
    return fmt::format("{} [{}]", c10::toString(tensor.scalar_type()),
                       fmt::join(tensor.sizes(), ", "));
  }
};

}  // namespace cag
