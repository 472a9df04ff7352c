#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

#include <cag/anchor/anchors.hpp>
#include <cag/metric/metric.hpp>

namespace cag::detail {

/// From each pixel to the nearest anchor of each category: [P, D] -> [P, K].
template <Metric M>
at::Tensor category_distances(const M& metric, const at::Tensor& pixels, const Anchors& anchors) {
  const at::Tensor all = metric(pixels, AnchorView(anchors, anchors.vectors.to(pixels.device())));
  if (!anchors.owner.defined()) return all;
  const auto distances = all.masked_fill(anchors.stand_ins().to(pixels.device()),
                                         std::numeric_limits<double>::infinity());
  std::vector<at::Tensor> nearest;
  const auto sizes = anchors.owner.bincount();
  for (std::int64_t k = 0, begin = 0; k < sizes.size(0); ++k) {
    const auto count = sizes[k].item<std::int64_t>();
    nearest.push_back(distances.narrow(1, begin, count).amin(1));
    begin += count;
  }
  return at::stack(nearest, 1);
}

}  // namespace cag::detail
