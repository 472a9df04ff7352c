#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/full_like.h>

#include <cag/adversarial/domain_loss.hpp>

namespace cag::adversarial {

/// Binary cross-entropy of the scores as logits (AdaptSegNet's "Vanilla").
struct Vanilla {
  static constexpr std::string_view kName = "vanilla";

  at::Tensor operator()(const at::Tensor& scores, DomainLabel domain) const {
    return at::binary_cross_entropy_with_logits(scores,
                                                at::full_like(scores, static_cast<double>(domain)));
  }
};

}  // namespace cag::adversarial
