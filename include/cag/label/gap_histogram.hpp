#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cag/label/nearest_two.hpp>

namespace cag {

/// How far apart the two nearest anchors are, over any number of pixels, by nearest category: a
/// histogram of 64 bins for each octave from 2⁻²⁰ to 2²⁰, 20 KB a category. A quantile is exact to
/// 1.1 %.
class GapHistogram {
 public:
  explicit GapHistogram(std::int64_t categories)
      : bins_(at::zeros({categories, kBins}, at::kLong)) {
    TORCH_CHECK_VALUE(categories >= 2, "expected at least 2 categories, got ", categories);
  }

  /// Pixels without a finite gap are left out.
  /// @param distances [P, K], as PseudoLabeler::distances gives them
  void add(const at::Tensor& distances) {
    const auto pixels = NearestTwo::of(distances);
    TORCH_CHECK_VALUE(distances.size(1) == bins_.size(0), "expected distances to ", bins_.size(0),
                      " categories, got ", distances.size(1));
    const auto gaps = (pixels.second - pixels.nearest).to(at::kDouble);
    const auto finite = gaps.isfinite().nonzero().squeeze(1);
    const auto gap = gaps.index_select(0, finite);
    const auto bin = gap.log2().add(kLowest).mul(kPerOctave).floor().clamp(0, kBins - 1);
    const auto cell = pixels.category.index_select(0, finite).mul(kBins).add(bin.to(at::kLong));
    // A new tensor: copies of this object share the old one.
    bins_ = bins_ + cell.bincount({}, bins_.numel()).view(bins_.sizes()).to(at::kCPU);
  }

  /// Adds the pixels of another.
  void merge(const GapHistogram& other) {
    TORCH_CHECK_VALUE(other.bins_.sizes() == bins_.sizes(), "expected a histogram of ",
                      bins_.size(0), " categories, got ", other.bins_.size(0));
    bins_ = bins_ + other.bins_;
  }

  /// [K] int64: how many pixels there are of each nearest category.
  at::Tensor pixels() const { return bins_.sum(1); }

  /// The margin that at least `share` of a category's pixels reach, and no bin more of them.
  /// @return [K] float64, +inf for a category that no pixel is nearest to
  at::Tensor margins(double share) const {
    TORCH_CHECK_VALUE(share > 0 && share <= 1, "expected a share above 0 and at most 1, got ",
                      share);
    const auto margins = at::empty({bins_.size(0)}, at::kDouble);
    const auto bins = bins_.accessor<std::int64_t, 2>();
    for (std::int64_t k = 0; k < bins_.size(0); ++k) margins[k] = margin_of(bins[k], share);
    return margins;
  }

 private:
  static constexpr std::int64_t kPerOctave = 64;
  static constexpr std::int64_t kLowest = 20;
  static constexpr std::int64_t kBins = 2 * kLowest * kPerOctave;

  static double margin_of(const auto& bins, double share) {
    std::int64_t all = 0;
    for (std::int64_t b = 0; b < kBins; ++b) all += bins[b];
    if (all == 0) return std::numeric_limits<double>::infinity();
    const auto wanted = share * static_cast<double>(all);
    std::int64_t reached = 0;
    for (std::int64_t b = kBins - 1; b > 0; --b) {
      reached += bins[b];
      if (static_cast<double>(reached) >= wanted)
        return std::exp2(static_cast<double>(b) / kPerOctave - kLowest);
    }
    return 0;
  }

  at::Tensor bins_;
};

}  // namespace cag
