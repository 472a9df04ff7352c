#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_means.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/detail/row_matrix.hpp>

namespace cag::detail {

/// That `sums` can be added to `anchors` row by row.
inline void check_sums_of(const Anchors& anchors, const ClassSums& sums) {
  TORCH_CHECK_VALUE(!anchors.owner.defined(), "expected one anchor for each category, got ",
                    anchors.vectors.size(0), " anchors of ", anchors.categories(), " categories");
  TORCH_CHECK_VALUE(sums.sums.size(2) == anchors.width(),
                    "expected features of the anchors' width ", anchors.width(), ", got ",
                    sums.sums.size(2));
  TORCH_CHECK_VALUE(sums.sums.size(1) == anchors.categories(), "expected sums of ",
                    anchors.categories(), " categories, got ", sums.sums.size(1));
  TORCH_CHECK_VALUE(anchors.counts.sizes() == at::IntArrayRef{anchors.categories()} &&
                        anchors.counts.scalar_type() == at::kLong &&
                        anchors.counts.is_contiguous() && anchors.counts.is_cpu(),
                    "expected contiguous int64 counts [", anchors.categories(),
                    "] on the CPU, got ", anchors.counts.toString(), " ", anchors.counts.sizes());
}

/// Calls `update(row, count, vector)` for each class mean of `min_pixels` or more, in order. Like
/// the published code, leaves out a vector whose components sum to exactly zero: features that
/// never fired.
template <typename Update>
void for_each_mean(Anchors& anchors, const ClassSums& sums, std::int64_t min_pixels,
                   Update update) {
  check_sums_of(anchors, sums);
  const auto means = ClassMeans::of(sums, min_pixels);
  const auto vectors = means.means.detach().to(at::kCPU, at::kDouble).contiguous();
  const auto category = means.category.to(at::kCPU).contiguous();
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
