#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/mse_loss.h>

#include <cag/adversarial/domain_loss.hpp>

namespace cag::adversarial {

/// Squared distance of the scores to 0 for the source, 1 for the target (AdaptSegNet's "LS").
struct LeastSquares {
  static constexpr std::string_view kName = "least-squares";

  at::Tensor operator()(const at::Tensor& scores, DomainLabel domain) const {
    return at::mse_loss(scores, at::full_like(scores, static_cast<double>(domain)));
  }
};

}  // namespace cag::adversarial
