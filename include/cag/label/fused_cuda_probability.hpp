#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/detail/cuda_views.hpp>
#include <cag/kernels/cuda/argmax_threshold.hpp>
#include <cag/label/evidence.hpp>
#include <cag/label/fused_probability.hpp>
#include <cag/label/ignore.hpp>

namespace cag::label {

/// FusedProbability, also of logits on a GPU: those by cag::kernels_cuda, which is to be linked
/// beside cag::kernels, in the current stream.
struct FusedCudaProbability {
  static constexpr std::string_view kName = FusedProbability::kName;
  static constexpr bool kReadsDistances = false;
  static constexpr bool kReadsLogits = true;
  static constexpr bool kLogitMapSuffices = true;

  double threshold = FusedProbability{}.threshold;  ///< as FusedProbability has it

  at::Tensor operator()(const Evidence& evidence) const {
    const auto map = evidence.map_of_logits();
    if (!map.defined() || !detail::cuda_element_of(map) || map.size(1) < 2)
      return FusedProbability{threshold}(evidence);
    const detail::CudaScope scope(map);
    const detail::FeatureView logits(map);
    auto labels =
        at::empty({detail::pixels_of(map)}, map.options().dtype(at::kLong).requires_grad(false));
    scope.check(kernels::cuda::argmax_threshold(
                    logits.view(), {.threshold = static_cast<float>(threshold)},
                    {.label = labels.mutable_data_ptr<std::int64_t>(), .ignore = kIgnoreIndex},
                    scope.stream()),
                "argmax_threshold");
    return labels;
  }
};

}  // namespace cag::label
