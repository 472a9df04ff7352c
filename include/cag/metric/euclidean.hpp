#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cdist.h>

namespace cag::metric {

/// ‖f − a‖₂, not squared (paper, equation 1).
struct Euclidean {
  static constexpr std::string_view kName = "euclidean";

  at::Tensor operator()(const at::Tensor& features, const at::Tensor& anchors) const {
    TORCH_CHECK_VALUE(
        features.dim() == 2 && anchors.dim() == 2 && features.size(1) == anchors.size(1),
        "Euclidean needs features [P, D] and anchors [K, D], got ", features.sizes(), " and ",
        anchors.sizes());
    // Differences are squared one by one: x² − 2xa + a² cancels where features share an offset.
    constexpr std::int64_t kDirectDifferences = 2;
    return at::cdist(features, anchors.to(features.options()), 2.0, kDirectDifferences);
  }
};

}  // namespace cag::metric
