#pragma once

#include <string>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

namespace cag {

/// The named terms of a training step and their weighted sum.
class LossTerms {
 public:
  /// One of the terms.
  struct Term {
    std::string name;
    at::Tensor value;  ///< scalar, not weighted
    double weight;     ///< in the sum
  };

  /// With a weight of 0 a term is reported and nothing else.
  void add(std::string name, const at::Tensor& value, double weight = 1) {
    TORCH_CHECK_VALUE(value.defined() && value.dim() == 0, "expected loss term ", name,
                      " as a scalar, got ", value.defined() ? value.sizes() : at::IntArrayRef{});
    if (weight != 0) {  // 0 times infinity is not a number
      const auto weighted = weight == 1 ? value : value * weight;
      total_ = total_.defined() ? total_ + weighted : weighted;
    }
    terms_.push_back({std::move(name), value, weight});
  }

  /// Σ weight · value, undefined without terms.
  const at::Tensor& total() const { return total_; }

  /// In the order they were added.
  const std::vector<Term>& terms() const { return terms_; }

 private:
  std::vector<Term> terms_;
  at::Tensor total_;
};

}  // namespace cag
