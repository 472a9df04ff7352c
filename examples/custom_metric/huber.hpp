#pragma once

#include <string_view>
#include <vector>

#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/stack.h>

#include <cag/metric/metric.hpp>

/// Sum over channels of half the squared difference to the anchor, linear where a channel differs
/// by more than `delta`: a single channel that the other domain has carried away counts for less
/// than under the Euclidean distance.
struct Huber {
  static constexpr std::string_view kName = "huber";

  double delta = 0.5;  ///< in the features' units

  at::Tensor operator()(const at::Tensor& features, const at::Tensor& anchors) const {
    std::vector<at::Tensor> columns;  // an anchor at a time, for [P, K, D] is large
    for (const auto& anchor : anchors.to(features.options()).unbind(0))
      columns.push_back(
          at::huber_loss(features, anchor.expand_as(features), at::Reduction::None, delta).sum(1));
    return at::stack(columns, 1);
  }
};
static_assert(cag::Metric<Huber>);
