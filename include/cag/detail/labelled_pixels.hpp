#pragma once

#include <algorithm>
#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <cag/anchor/class_moments.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/label/ignore.hpp>

namespace cag::detail {

/// Calls `take(pixels [P, D] float64, category [P])` for the labelled pixels, some thousands at a
/// time: in float64 they would need twice the memory of the map, several times over.
template <typename Take>
void for_each_labelled(const at::Tensor& features, const at::Tensor& labels, Take take) {
  constexpr std::int64_t kAtOnce = 8192;
  check_map(features, "features", "[N, D, h, w]");
  check_labels_of(labels, features);
  for (std::int64_t n = 0; n < features.size(0); ++n) {
    const auto pixels = features[n].flatten(1).t();  // [h * w, D], a view
    const auto flat = labels[n].reshape({-1});
    const auto labelled = flat.ne(kIgnoreIndex).nonzero().squeeze(1);
    for (std::int64_t begin = 0; begin < labelled.size(0); begin += kAtOnce) {
      const auto some = labelled.narrow(0, begin, std::min(kAtOnce, labelled.size(0) - begin));
      take(pixels.index_select(0, some).to(at::kDouble), flat.index_select(0, some));
    }
  }
}

/// Moments on the CPU with pixels and means; the covariances are zero.
inline ClassMoments means_of(const at::Tensor& pixels, const at::Tensor& category,
                             std::int64_t categories, bool full) {
  ClassSums::check_categories(category, categories);
  auto moments = ClassMoments::zeros(categories, pixels.size(1), full);
  moments.pixels.copy_(category.bincount({}, categories));
  moments.mean.copy_(
      at::zeros({categories, pixels.size(1)}, pixels.options()).index_add(0, category, pixels));
  moments.mean.div_(moments.pixels.clamp_min(1).unsqueeze(1));
  return moments;
}

}  // namespace cag::detail
