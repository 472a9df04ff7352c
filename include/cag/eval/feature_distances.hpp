#pragma once

#include <cstdint>
#include <limits>
#include <utility>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <cag/anchor/anchors.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/detail/category_distances.hpp>
#include <cag/detail/check_features.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/label/ignore.hpp>
#include <cag/metric/euclidean.hpp>
#include <cag/metric/metric.hpp>

namespace cag {

/// How far features lie from the anchor of their true category (intra) and from the nearest other
/// anchor (inter): the paper claims that adaptation shrinks the first against the second.
template <Metric M = metric::Euclidean>
class FeatureDistances {
 public:
  explicit FeatureDistances(std::int64_t categories, M metric = {})
      : metric_(std::move(metric)),
        intra_(at::zeros({categories}, at::kDouble)),
        inter_(at::zeros({categories}, at::kDouble)),
        pixels_(at::zeros({categories}, at::kLong)) {}

  /// Pixels whose category has no anchor, and pixels without another anchor, are left out.
  /// @param features [N, D, h, w]  @param truth [N, h, w] int64 at feature resolution
  void add(const at::Tensor& features, const at::Tensor& truth, const Anchors& anchors) {
    const at::NoGradGuard no_grad;
    detail::check_features(features, anchors);
    detail::check_labels_of(truth, features);
    TORCH_CHECK_VALUE(anchors.categories() == intra_.size(0), "expected anchors of ",
                      intra_.size(0), " categories, got ", anchors.categories());
    constexpr auto kFar = std::numeric_limits<double>::infinity();
    const auto seen = anchors.seen().to(features.device());
    const auto labels = truth.reshape({-1});
    const auto labelled = labels.ne(kIgnoreIndex).nonzero().squeeze(1);
    const auto category = labels.index_select(0, labelled);
    const auto pixels = detail::to_pixels(features).index_select(0, labelled);
    const auto distances = detail::category_distances(metric_, pixels, anchors)
                               .to(at::kDouble)
                               .masked_fill(seen.logical_not(), kFar);
    const auto own = distances.gather(1, category.unsqueeze(1)).squeeze(1);
    const auto other = distances.scatter(1, category.unsqueeze(1), kFar).amin(1);
    const auto kept = own.isfinite().logical_and(other.isfinite()).nonzero().squeeze(1);
    const auto index = category.index_select(0, kept).to(at::kCPU);
    intra_.index_add_(0, index, own.index_select(0, kept).to(at::kCPU));
    inter_.index_add_(0, index, other.index_select(0, kept).to(at::kCPU));
    pixels_ += index.bincount({}, pixels_.size(0));
  }

  /// Mean over the categories that occur of the mean distance to their own anchor; NaN if none.
  double intra() const { return intra_.div(pixels_).nanmean().template item<double>(); }

  /// Mean over the categories that occur of the mean distance to the nearest other anchor.
  double inter() const { return inter_.div(pixels_).nanmean().template item<double>(); }

 private:
  M metric_;
  at::Tensor intra_, inter_, pixels_;  // [K] sums by true category
};

}  // namespace cag
