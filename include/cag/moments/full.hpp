#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/anchor/class_moments.hpp>
#include <cag/detail/labelled_pixels.hpp>

namespace cag::moments {

/// The whole covariance: 8·K·D² bytes, 10 MB for 19 categories of width 256, and a matrix product
/// of D² for each pixel.
struct Full {
  static constexpr std::string_view kName = "full";

  void operator()(std::optional<ClassMoments>& moments, const at::Tensor& features,
                  const at::Tensor& labels, std::int64_t categories) const {
    if (!moments) moments = ClassMoments::zeros(categories, features.size(1), true);
    detail::for_each_labelled(features, labels, [&](const auto& pixels, const auto& category) {
      auto added = detail::means_of(pixels, category, categories, /*full=*/true);
      const auto away = pixels - added.mean.to(pixels.device()).index_select(0, category);
      for (std::int64_t k = 0; k < categories; ++k) {
        const auto count = added.pixels[k].template item<std::int64_t>();
        if (count == 0) continue;
        const auto own = away.index_select(0, category.eq(k).nonzero().squeeze(1));
        added.covariance[k].copy_(own.t().matmul(own).div(count));
      }
      moments->merge(added);
    });
  }
};

}  // namespace cag::moments
