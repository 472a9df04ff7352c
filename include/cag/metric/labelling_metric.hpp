#pragma once

#include <concepts>
#include <optional>

#include <ATen/core/Tensor.h>

#include <cag/anchor/anchors.hpp>
#include <cag/metric/fused_metric.hpp>

namespace cag {

/// A fused metric that labels pixels by a margin faster than it finds their distances: [N * h * w]
/// int64, kIgnoreIndex where a pixel is not active. None of features that it has no faster way for.
/// Not checkable here: the labels are those of label::Margin, or of label::StrictMargin if
/// `strict`, over the two nearest categories that it finds.
template <typename M>
concept LabellingMetric = FusedMetric<M> &&
    requires(const M metric, const at::Tensor& features, const Anchors& anchors,
             const at::Tensor& competing, double margin, bool strict) {
  {
    metric.margin_labels(features, anchors, competing, margin, strict)
    } -> std::same_as<std::optional<at::Tensor>>;
};

}  // namespace cag
