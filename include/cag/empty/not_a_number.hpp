#pragma once

#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

namespace cag::empty {

/// A mean over nothing is 0/0 (published code): the reported loss is NaN, the gradients stay finite
/// because no term has a graph.
struct NotANumber {
  static constexpr std::string_view kName = "nan";

  at::Tensor operator()(const at::Tensor& sum, const at::Tensor& count) const {
    return sum / count;
  }
};

}  // namespace cag::empty
