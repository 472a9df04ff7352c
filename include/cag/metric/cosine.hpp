#pragma once

#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/linalg_vector_norm.h>

namespace cag::metric {

/// 1 − cos(f, a), from 0 for the same direction to 2 for the opposite one. A vector of zeros has no
/// direction: its distance to everything is 1. Margins are of this scale: 2.5 is never reached.
struct Cosine {
  static constexpr std::string_view kName = "cosine";

  at::Tensor operator()(const at::Tensor& features, const at::Tensor& anchors) const {
    TORCH_CHECK_VALUE(
        features.dim() == 2 && anchors.dim() == 2 && features.size(1) == anchors.size(1),
        "Cosine needs features [P, D] and anchors [K, D], got ", features.sizes(), " and ",
        anchors.sizes());
    const auto direction = [](const at::Tensor& vectors) {
      constexpr double kLeast = 1e-12;
      return vectors /
             at::linalg_vector_norm(vectors, 2, at::IntArrayRef{1}, true).clamp_min(kLeast);
    };
    // The anchors are normalised in their own float64.
    const auto towards = direction(anchors).to(features.options());
    return (1 - direction(features).matmul(towards.t())).clamp_min(0);
  }
};

}  // namespace cag::metric
