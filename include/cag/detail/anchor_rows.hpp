#pragma once

#include <cstdint>

#include <Eigen/Core>

#include <ATen/core/Tensor.h>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_means.hpp>

namespace cag::detail {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Map<RowMatrix> rows_of(const at::Tensor& matrix) {
  TORCH_CHECK_VALUE(matrix.dim() == 2 && matrix.scalar_type() == at::kDouble &&
                        matrix.is_contiguous() && matrix.is_cpu(),
                    "expected a contiguous float64 matrix on the CPU, got ", matrix.toString(), " ",
                    matrix.sizes());
  return {matrix.data_ptr<double>(), matrix.size(0), matrix.size(1)};
}

/// Calls `update(row, count, vector)` for each class mean in order. Like the published code, leaves
/// out a vector whose components sum to exactly zero: features that never fired.
template <typename Update>
void for_each_mean(Anchors& anchors, const ClassMeans& means, Update update) {
  const auto vectors = means.means.detach().to(at::kCPU, at::kDouble).contiguous();
  const auto category = means.category.to(at::kCPU).contiguous();
  TORCH_CHECK_VALUE(vectors.size(1) == anchors.width(), "expected features of the anchors' width ",
                    anchors.width(), ", got ", vectors.size(1));
  auto rows = rows_of(anchors.vectors);
  const auto values = rows_of(vectors);
  auto* counts = anchors.counts.data_ptr<std::int64_t>();
  const auto* ids = category.data_ptr<std::int64_t>();
  for (std::int64_t m = 0; m < category.size(0); ++m) {
    if (values.row(m).sum() == 0.0) continue;
    update(rows.row(ids[m]), counts[ids[m]], values.row(m));
  }
}

}  // namespace cag::detail
