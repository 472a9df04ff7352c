#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/anchor/class_moments.hpp>
#include <cag/detail/labelled_pixels.hpp>

namespace cag::moments {

/// The variance of each channel: 8·K·D bytes.
struct Diagonal {
  static constexpr std::string_view kName = "diagonal";

  void operator()(std::optional<ClassMoments>& moments, const at::Tensor& features,
                  const at::Tensor& labels, std::int64_t categories) const {
    if (!moments) moments = ClassMoments::zeros(categories, features.size(1), false);
    detail::for_each_labelled(features, labels, [&](const auto& pixels, const auto& category) {
      auto added = detail::means_of(pixels, category, categories, /*full=*/false);
      const auto away = pixels - added.mean.to(pixels.device()).index_select(0, category);
      added.covariance.copy_(at::zeros(added.covariance.sizes(), pixels.options())
                                 .index_add(0, category, away.square()));
      added.covariance.div_(added.pixels.clamp_min(1).unsqueeze(1));
      moments->merge(added);
    });
  }
};

}  // namespace cag::moments
