#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include <cag/anchor/class_sums.hpp>

namespace cag {

/// Mean features per image and category, image by image, categories ascending within an image.
struct ClassMeans {
  at::Tensor means;     ///< [M, D], differentiable
  at::Tensor category;  ///< [M] int64
  at::Tensor image;     ///< [M] int64
  at::Tensor pixels;    ///< [M] int64, how many pixels each mean is over

  /// The means over at least `min_pixels` pixels; fewer say too little about a category.
  static ClassMeans of(const ClassSums& sums, std::int64_t min_pixels = 10) {
    TORCH_CHECK_VALUE(min_pixels >= 1, "expected min_pixels >= 1, got ", min_pixels);
    const auto categories = sums.pixels.size(1);
    const auto flat_pixels = sums.pixels.reshape({-1});
    const auto kept = flat_pixels.ge(min_pixels).nonzero().squeeze(1);
    const auto pixels = flat_pixels.index_select(0, kept);
    const auto rows = sums.sums.reshape({-1, sums.sums.size(2)}).index_select(0, kept);
    return {rows.div(pixels.to(rows.scalar_type()).unsqueeze(1)), kept.remainder(categories),
            kept.div(categories, "floor"), pixels};
  }
};

}  // namespace cag
