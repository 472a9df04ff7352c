#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <cag/label/ignore.hpp>

namespace cag {

/// Counts of (true category, predicted category) pairs over pixels with truth, and what follows
/// from them.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::int64_t categories) {
    TORCH_CHECK_VALUE(categories >= 1 && categories <= kIgnoreIndex, "expected 1 to ", kIgnoreIndex,
                      " categories, got ", categories);
    counts_ = at::zeros({categories, categories}, at::kLong);
  }

  /// @param counts [K, K] int64, row = truth
  static ConfusionMatrix from(const at::Tensor& counts) {
    TORCH_CHECK_VALUE(counts.dim() == 2 && counts.size(0) == counts.size(1) &&
                          counts.scalar_type() == at::kLong && !counts.lt(0).any().item<bool>(),
                      "expected counts [K, K] as int64 >= 0, got ", counts.toString(), " ",
                      counts.sizes());
    ConfusionMatrix result(counts.size(0));
    result.counts_ = counts.to(at::kCPU).clone();
    return result;
  }

  /// Pixels whose truth is outside [0, K) have none and are left out.
  /// @param truth int64 of any shape  @param prediction int64 of that shape, each below K
  void add(const at::Tensor& truth, const at::Tensor& prediction) {
    TORCH_CHECK_VALUE(truth.sizes() == prediction.sizes(), "truth ", truth.sizes(),
                      " and prediction ", prediction.sizes(), " differ in size");
    const auto k = categories();
    const auto labelled = truth.ge(0).logical_and(truth.lt(k));
    const auto t = truth.masked_select(labelled);
    const auto p = prediction.masked_select(labelled);
    if (t.numel() == 0) return;
    const auto low = p.min().item<std::int64_t>();
    const auto high = p.max().item<std::int64_t>();
    TORCH_CHECK_VALUE(low >= 0 && high < k, "expected predictions below ", k, ", got ",
                      low < 0 ? low : high);
    counts_ += t.mul(k).add(p).bincount({}, k * k).view({k, k}).to(at::kCPU);
  }

  /// Adds the counts of another matrix of as many categories.
  void add(const ConfusionMatrix& other) {
    TORCH_CHECK_VALUE(other.categories() == categories(), "cannot add ", other.categories(),
                      " categories to ", categories());
    counts_ += other.counts_;
  }

  /// [K] float64: true positives / (truth + prediction - true positives), NaN for a category
  /// that occurs in neither.
  at::Tensor iou() const {
    const auto hits = counts_.diagonal().to(at::kDouble);
    const auto rows = counts_.sum(1).to(at::kDouble);
    const auto columns = counts_.sum(0).to(at::kDouble);
    return hits.div(rows.add(columns).sub(hits));
  }

  /// Mean IoU over the categories that occur; NaN if none does.
  double mean_iou() const { return iou().nanmean().item<double>(); }

  /// Share of labelled pixels that are right; NaN without labelled pixels.
  double pixel_accuracy() const {
    return counts_.diagonal().sum().to(at::kDouble).div(counts_.sum()).item<double>();
  }

  std::int64_t categories() const { return counts_.size(0); }

  /// [K, K] int64, row = truth, column = prediction.
  const at::Tensor& counts() const { return counts_; }

 private:
  at::Tensor counts_;
};

}  // namespace cag
