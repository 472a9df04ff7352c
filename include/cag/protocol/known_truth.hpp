#pragma once

#include <string_view>

#include <ATen/ops/zeros_like.h>

#include <cag/detail/category_rows.hpp>
#include <cag/protocol/iou_protocol.hpp>

namespace cag::protocol {

/// Pixels whose truth is another category are ignored; predicting another category for one of
/// these is an error.
struct KnownTruth {
  static constexpr std::string_view kName = "known_truth";

  at::Tensor operator()(const ConfusionMatrix& matrix,
                        std::span<const std::int64_t> categories) const {
    const auto rows = detail::category_rows(matrix, categories);
    auto counts = at::zeros_like(matrix.counts());
    counts.index_copy_(0, rows, matrix.counts().index_select(0, rows));
    return ConfusionMatrix::from(counts).iou().index_select(0, rows);
  }
};

}  // namespace cag::protocol
