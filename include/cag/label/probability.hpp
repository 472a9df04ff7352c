#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/label/evidence.hpp>
#include <cag/label/ignore.hpp>

namespace cag::label {

/// Active when the teacher's largest softmax probability is above `threshold`.
struct Probability {
  static constexpr std::string_view kName = "probability";
  static constexpr bool kReadsDistances = false;
  static constexpr bool kReadsLogits = true;

  double threshold = 0.95;

  at::Tensor operator()(const Evidence& evidence) const {
    const auto& logits = evidence.logits;
    TORCH_CHECK_VALUE(logits.dim() == 2 && logits.size(1) >= 2,
                      "Probability needs [P, K>=2] logits, got ", logits.sizes());
    const auto [probability, category] = logits.softmax(1).max(1);
    return category.masked_fill(probability.gt(threshold).logical_not_(), kIgnoreIndex);
  }
};

}  // namespace cag::label
