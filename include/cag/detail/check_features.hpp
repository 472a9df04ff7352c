#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/pixels.hpp>

namespace cag::detail {

/// A feature map [N, D, h, w] has the width of the anchors.
inline void check_features(const at::Tensor& features, const Anchors& anchors) {
  check_map(features, "features", "[N, D, h, w]");
  TORCH_CHECK_VALUE(features.size(1) == anchors.width(), "the network gives features of width ",
                    features.size(1), ", the anchors have ", anchors.width());
}

}  // namespace cag::detail
