#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <cag/detail/pixels.hpp>
#include <cag/label/ignore.hpp>

namespace cag {

/// Sums and pixel counts of features per image and category: what anchors and centroid losses are
/// made of. Sums of disjoint pixel sets add.
struct ClassSums {
  at::Tensor sums;    ///< [N, K, D] float32 (float64 for float64 features), differentiable
  at::Tensor pixels;  ///< [N, K] int64

  /// @param features [N, D, h, w]
  /// @param labels [N, h, w] int64, a category below `categories` or kIgnoreIndex
  static ClassSums of(const at::Tensor& features, const at::Tensor& labels,
                      std::int64_t categories) {
    check(features, labels, categories);
    const auto images = features.size(0);
    const auto flat = labels.reshape({-1});
    const auto labelled = flat.ne(kIgnoreIndex).nonzero().squeeze(1);
    const auto category = flat.index_select(0, labelled);
    check_categories(category, categories);
    const auto image = labelled.div(labels.size(1) * labels.size(2), "floor");
    const auto cell = image.mul(categories).add(category);

    // Only labelled pixels are read: a value that is not finite stays out unless it is labelled.
    const auto pixels = detail::to_pixels(features);
    const auto sums = at::zeros({images * categories, features.size(1)}, pixels.options())
                          .index_add(0, cell, pixels.index_select(0, labelled));
    return {sums.view({images, categories, features.size(1)}),
            cell.bincount({}, images * categories).view({images, categories})};
  }

  /// @throws c10::ValueError where features, labels and the number of categories do not go together
  static void check(const at::Tensor& features, const at::Tensor& labels, std::int64_t categories) {
    detail::check_map(features, "features", "[N, D, h, w]");
    detail::check_labels_of(labels, features);
    TORCH_CHECK_VALUE(categories >= 1 && categories <= kIgnoreIndex, "expected 1 to ", kIgnoreIndex,
                      " categories, got ", categories);
  }

  /// In one pass, which the host waits for.
  /// @param category [M], those of labelled pixels
  /// @throws c10::ValueError where one is not in [0, categories)
  static void check_categories(const at::Tensor& category, std::int64_t categories) {
    if (category.numel() == 0) return;
    const auto [least, most] = category.aminmax();
    const auto low = least.item<std::int64_t>(), high = most.item<std::int64_t>();
    TORCH_CHECK_VALUE(low >= 0 && high < categories, "expected labels below ", categories, " or ",
                      kIgnoreIndex, ", got ", low < 0 ? low : high);
  }
};

}  // namespace cag
