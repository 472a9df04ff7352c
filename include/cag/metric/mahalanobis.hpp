#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/anchor_moments.hpp>

namespace cag::metric {

/// √((f − a)ᵀ Σ⁻¹ (f − a)), Σ being the covariance of the anchor's category, drawn towards a
/// multiple of the identity by `shrinkage` (Ledoit and Wolf 2004, with a given intensity): that of
/// fewer pixels than channels has no inverse. Needs anchors with moments::Full.
struct Mahalanobis {
  static constexpr std::string_view kName = "mahalanobis";

  double shrinkage = 0.1;  ///< in (0, 1]; 1: Euclidean, up to a factor

  at::Tensor operator()(const at::Tensor& features, const Anchors& anchors) const {
    constexpr auto kMetric = "Mahalanobis";
    const auto& moments = detail::moments_for(features, anchors, kMetric, "moments::Full");
    TORCH_CHECK_VALUE(moments.full(), kMetric,
                      " needs whole covariances, these anchors have their ",
                      "diagonals: build them with an AnchorBank of moments::Full, or take ",
                      "DiagonalMahalanobis");
    const auto towards = detail::mean_variance(moments, shrinkage, kMetric);
    const auto owners = anchors.owners();
    const auto vectors = anchors.vectors.to(features.options());
    std::vector<at::Tensor> distances;
    at::Tensor whitening;
    for (std::int64_t r = 0, last = -1; r < vectors.size(0); ++r) {
      const auto k = owners[r].item<std::int64_t>();
      if (k != last)
        whitening = whitening_of(moments.covariance[k], towards).to(features.options());
      last = k;
      const auto away = (features - vectors[r]).matmul(whitening.t());
      distances.push_back(at::linalg_vector_norm(away, 2, at::IntArrayRef{1}));
    }
    return at::stack(distances, 1);
  }

 private:
  /// L⁻¹, where L Lᵀ is the shrunk covariance.
  at::Tensor whitening_of(const at::Tensor& covariance, double towards) const {
    const auto identity = at::eye(covariance.size(0), covariance.options());
    const auto [factor, failed] =
        at::linalg_cholesky_ex((1 - shrinkage) * covariance + shrinkage * towards * identity);
    TORCH_CHECK_VALUE(failed.item<int>() == 0,
                      "Mahalanobis needs covariances without negative eigenvalues, got one with");
    return at::linalg_solve_triangular(factor, identity, /*upper=*/false);
  }
};

}  // namespace cag::metric
