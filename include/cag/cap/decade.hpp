#pragma once

#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/where.h>

namespace cag::cap {

/// Divides by ten while above `limit` (published code); exactly `limit` is kept. The result is not
/// monotone: 5.01 becomes 0.501. The gradient is divided too. A value that is not finite stays.
struct Decade {
  static constexpr std::string_view kName = "decade";

  double limit = 5;

  at::Tensor operator()(const at::Tensor& values) const {
    TORCH_CHECK_VALUE(limit > 0, "expected a cap above 0, got ", limit);
    auto result = values;
    for (;;) {
      const auto above = result.gt(limit).logical_and_(result.isfinite());
      if (!above.any().item<bool>()) return result;
      result = at::where(above, result / 10, result);
    }
  }
};

}  // namespace cag::cap
