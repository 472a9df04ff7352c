#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/detail/anchor_rows.hpp>

namespace cag::anchor {

/// The mean of per-image class means: each image weighs the same. Past `cap` images it turns into a
/// moving average of weight 1 / (cap + 1), as in the published code.
struct RunningMean {
  static constexpr std::string_view kName = "running-mean";

  std::int64_t cap = 3000;       ///< 0: no cap, a plain mean
  std::int64_t min_pixels = 10;  ///< per image and category

  void operator()(Anchors& anchors, const ClassSums& sums) const {
    detail::for_each_mean(
        anchors, sums, min_pixels,
        [this](auto row, std::int64_t& count, const auto& vector) { add(row, count, vector); });
  }

  /// What an anchor is the plain mean of, see cag::mean_of.
  std::string_view mean_of(const Anchors& anchors) const {
    const bool plain = cap == 0 || anchors.counts.lt(cap).all().item<bool>();
    return plain ? "images" : "";
  }

  /// Moves an anchor, the mean of `count` vectors so far, by one more.
  void add(auto row, std::int64_t& count, const auto& vector) const {
    const auto n = static_cast<double>(count);
    row = ((row * n + vector) / (n + 1)).eval();
    count = cap > 0 ? std::max(count, std::min(count + 1, cap)) : count + 1;
  }
};

}  // namespace cag::anchor
