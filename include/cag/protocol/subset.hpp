#pragma once

#include <string_view>

#include <cag/detail/category_rows.hpp>
#include <cag/protocol/iou_protocol.hpp>

namespace cag::protocol {

/// Some of the IoUs over all categories: a pixel of another category that is predicted as one of
/// these counts against it, and the other way around.
struct Subset {
  static constexpr std::string_view kName = "subset";

  at::Tensor operator()(const ConfusionMatrix& matrix,
                        std::span<const std::int64_t> categories) const {
    return matrix.iou().index_select(0, detail::category_rows(matrix, categories));
  }
};

}  // namespace cag::protocol
