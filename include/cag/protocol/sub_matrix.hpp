#pragma once

#include <string_view>

#include <cag/detail/category_rows.hpp>
#include <cag/protocol/iou_protocol.hpp>

namespace cag::protocol {

/// The confusion matrix without the rows and columns of other categories: as if the pixels whose
/// truth or prediction is another category were not there.
struct SubMatrix {
  static constexpr std::string_view kName = "sub_matrix";

  at::Tensor operator()(const ConfusionMatrix& matrix,
                        std::span<const std::int64_t> categories) const {
    const auto rows = detail::category_rows(matrix, categories);
    return ConfusionMatrix::from(matrix.counts().index_select(0, rows).index_select(1, rows)).iou();
  }
};

}  // namespace cag::protocol
