#pragma once

#include <Eigen/Core>

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

namespace cag::detail {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The tensor's own memory as a matrix.
inline Eigen::Map<RowMatrix> rows_of(const at::Tensor& matrix) {
  TORCH_CHECK_VALUE(matrix.dim() == 2 && matrix.scalar_type() == at::kDouble &&
                        matrix.is_contiguous() && matrix.is_cpu(),
                    "expected a contiguous float64 matrix on the CPU, got ", matrix.toString(), " ",
                    matrix.sizes());
  return {matrix.data_ptr<double>(), matrix.size(0), matrix.size(1)};
}

}  // namespace cag::detail
