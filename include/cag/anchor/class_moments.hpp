#pragma once

#include <cstdint>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

namespace cag {

/// How the features of each category are spread: pixels, mean and covariance. Those of two disjoint
/// pixel sets merge into those of their union, exactly up to rounding.
struct ClassMoments {
  at::Tensor pixels;      ///< [K] int64 on the CPU
  at::Tensor mean;        ///< [K, D] float64 on the CPU; zero without pixels
  at::Tensor covariance;  ///< [K, D, D] float64, or its diagonal [K, D]: divided by `pixels`

  /// Those of no pixels; `full` for whole covariances.
  static ClassMoments zeros(std::int64_t categories, std::int64_t width, bool full) {
    auto shape = std::vector<std::int64_t>{categories, width};
    if (full) shape.push_back(width);
    return {at::zeros({categories}, at::kLong), at::zeros({categories, width}, at::kDouble),
            at::zeros(shape, at::kDouble)};
  }

  /// Whether the whole covariance is there, not its diagonal alone.
  bool full() const { return covariance.dim() == 3; }

  /// [K, D]
  at::Tensor variance() const { return full() ? covariance.diagonal(0, 1, 2) : covariance; }

  /// A copy that shares nothing.
  ClassMoments clone() const { return {pixels.clone(), mean.clone(), covariance.clone()}; }

  /// Takes in the moments of other pixels (Chan, Golub and LeVeque 1979).
  /// @throws c10::ValueError where the shapes differ
  void merge(const ClassMoments& other) {
    TORCH_CHECK_VALUE(
        mean.sizes() == other.mean.sizes() && covariance.sizes() == other.covariance.sizes(),
        "expected moments of means ", mean.sizes(), " and covariances ", covariance.sizes(),
        ", got ", other.mean.sizes(), " and ", other.covariance.sizes());
    const auto total = pixels + other.pixels;
    const auto share = (other.pixels.to(at::kDouble) / total.clamp_min(1)).unsqueeze(1);
    const auto apart = other.mean - mean;
    const auto between = share * (1 - share);
    if (full()) {
      covariance = covariance + share.unsqueeze(2) * (other.covariance - covariance) +
                   between.unsqueeze(2) * apart.unsqueeze(2) * apart.unsqueeze(1);
    } else {
      covariance = covariance + share * (other.covariance - covariance) + between * apart.square();
    }
    mean = mean + share * apart;
    pixels = total;
  }
};

}  // namespace cag
