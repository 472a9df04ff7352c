#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/anchor_moments.hpp>
#include <cag/detail/row_matrix.hpp>

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
    const auto matrix = covariance.contiguous();
    detail::RowMatrix shrunk = (1 - shrinkage) * detail::rows_of(matrix);
    shrunk.diagonal().array() += shrinkage * towards;
    const Eigen::LLT<detail::RowMatrix> factor(shrunk);
    TORCH_CHECK_VALUE(factor.info() == Eigen::Success,
                      "Mahalanobis needs covariances without negative eigenvalues, got one with");
    auto inverse = at::empty_like(matrix);
    detail::rows_of(inverse) =
        factor.matrixL().solve(detail::RowMatrix::Identity(shrunk.rows(), shrunk.cols()));
    return inverse;
  }
};

}  // namespace cag::metric
