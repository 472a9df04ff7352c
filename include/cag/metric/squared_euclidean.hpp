#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/metric/euclidean.hpp>

namespace cag::metric {

/// ‖f − a‖₂², the differences squared one by one. A margin of squares asks more of a pixel the
/// farther it is from its nearest anchor.
struct SquaredEuclidean {
  static constexpr std::string_view kName = "squared-euclidean";

  at::Tensor operator()(const at::Tensor& features, const at::Tensor& anchors) const {
    return Euclidean{}(features, anchors).square();
  }
};

}  // namespace cag::metric
