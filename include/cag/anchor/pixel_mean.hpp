#pragma once

#include <cstdint>
#include <string_view>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/detail/anchor_rows.hpp>

namespace cag::anchor {

/// The centroid of all source features of a category, each pixel weighing the same (the paper's
/// text). Counts are pixels.
struct PixelMean {
  static constexpr std::string_view kName = "pixel-mean";

  /// What an anchor is the plain mean of, see cag::mean_of.
  static constexpr std::string_view mean_of(const Anchors&) { return "pixels"; }

  void operator()(Anchors& anchors, const ClassSums& sums) const {
    detail::check_sums_of(anchors, sums);
    const auto added =
        sums.sums.detach().to(at::kCPU, at::kDouble).sum(at::IntArrayRef{0}).contiguous();
    const auto pixels = sums.pixels.to(at::kCPU).sum(at::IntArrayRef{0}).contiguous();
    auto rows = detail::rows_of(anchors.vectors);
    const auto sum = detail::rows_of(added);
    auto* counts = anchors.counts.data_ptr<std::int64_t>();
    const auto* n = pixels.data_ptr<std::int64_t>();
    for (std::int64_t k = 0; k < anchors.categories(); ++k) {
      if (n[k] == 0) continue;
      const auto before = static_cast<double>(counts[k]);
      counts[k] += n[k];
      rows.row(k) = ((rows.row(k) * before + sum.row(k)) / static_cast<double>(counts[k])).eval();
    }
  }
};

}  // namespace cag::anchor
