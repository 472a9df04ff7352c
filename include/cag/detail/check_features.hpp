#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/pixels.hpp>

namespace cag::detail {

/// A feature map [N, D, h, w] has the width of the anchors.
inline void check_width(const at::Tensor& features, const Anchors& anchors) {
  check_map(features, "features", "[N, D, h, w]");
  TORCH_CHECK_VALUE(anchors.vectors.dim() == 2, "expected anchors [R, D], got ",
                    anchors.vectors.sizes());
  TORCH_CHECK_VALUE(features.size(1) == anchors.width(), "the network gives features of width ",
                    features.size(1), ", the anchors have ", anchors.width());
}

/// The same, and each anchor has an owner.
inline void check_features(const at::Tensor& features, const Anchors& anchors) {
  check_width(features, anchors);
  if (!anchors.owner.defined()) return;
  TORCH_CHECK_VALUE(anchors.owner.dim() == 1 && anchors.owner.size(0) == anchors.vectors.size(0),
                    "expected an owner of each of ", anchors.vectors.size(0), " anchors, got ",
                    anchors.owner.sizes());
  // From 0, in steps of 0 or 1: ascending, and no category is left out.
  const auto steps = anchors.owner.diff();
  TORCH_CHECK_VALUE(anchors.owner[0].item<std::int64_t>() == 0 &&
                        steps.ge(0).logical_and(steps.le(1)).all().item<bool>(),
                    "expected owners of anchors in ascending order, every category at least once, "
                    "got ",
                    anchors.owner);
}

}  // namespace cag::detail
