#pragma once

#include <cstdint>
#include <limits>

#include <ATen/core/Tensor.h>

#include <cag/label/ignore.hpp>

namespace cag {

/// How many pixels get a pseudo-label, and how many of those labels are right.
class LabelQuality {
 public:
  /// Pixels without truth are left out.
  /// @param labels [N, h, w] int64 pseudo-labels  @param truth of the same shape
  void add(const at::Tensor& labels, const at::Tensor& truth) {
    TORCH_CHECK_VALUE(labels.sizes() == truth.sizes(), "pseudo-labels ", labels.sizes(),
                      " and truth ", truth.sizes(), " differ in size");
    const auto known = truth.ne(kIgnoreIndex);
    const auto active = known.logical_and(labels.ne(kIgnoreIndex));
    pixels_ += known.sum().item<std::int64_t>();
    active_ += active.sum().item<std::int64_t>();
    right_ += active.logical_and(labels.eq(truth)).sum().item<std::int64_t>();
  }

  /// Share of pixels that are active; NaN without pixels.
  double coverage() const { return ratio(active_, pixels_); }

  /// Share of active pixels whose label is true; NaN without active pixels.
  double precision() const { return ratio(right_, active_); }

 private:
  static double ratio(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(part) / static_cast<double>(whole);
  }

  std::int64_t pixels_ = 0;
  std::int64_t active_ = 0;
  std::int64_t right_ = 0;
};

}  // namespace cag
