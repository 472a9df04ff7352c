#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/detail/kernel_views.hpp>
#include <cag/kernels/argmax_threshold.hpp>
#include <cag/label/evidence.hpp>
#include <cag/label/ignore.hpp>
#include <cag/label/probability.hpp>

namespace cag::label {

/// Probability with its `threshold`, by the vector code of cag::kernels, which is to be linked: the
/// logits are read once, where they lie, and no probability is stored. What lies elsewhere than on
/// the CPU, and float64 logits, take the way of Probability.
struct FusedProbability {
  static constexpr std::string_view kName = Probability::kName;
  static constexpr bool kReadsDistances = false;
  static constexpr bool kReadsLogits = true;
  static constexpr bool kLogitMapSuffices = true;

  double threshold = Probability{}.threshold;

  at::Tensor operator()(const Evidence& evidence) const {
    constexpr std::int64_t kMost = 1024;  // categories that the operator knows
    const auto map = evidence.map_of_logits();
    if (!map.defined() || !detail::element_of(map) || map.size(1) < 2 || map.size(1) > kMost)
      return Probability{threshold}({.distances = {}, .logits = evidence.pixel_logits()});
    const detail::FeatureView logits(map);
    auto labels = at::empty({detail::pixels_of(map)}, at::kLong);
    kernels::argmax_threshold(
        logits.view(), {.threshold = static_cast<float>(threshold)},
        {.label = labels.mutable_data_ptr<std::int64_t>(), .ignore = kIgnoreIndex},
        detail::torch_threads());
    return labels;
  }
};

}  // namespace cag::label
