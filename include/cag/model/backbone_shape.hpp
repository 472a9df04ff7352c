#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <cag/model/backbone.hpp>

namespace cag {

/// What a backbone gives, as one forward pass shows it.
struct BackboneShape {
  std::int64_t width = 0;       ///< D, of the features
  std::int64_t categories = 0;  ///< K, of the logits
  double stride_height = 0;     ///< image rows for one row of features
  double stride_width = 0;      ///< image columns for one column of features

  /// Runs the network once, in the mode that it is in.
  /// @param images [N, C, H, W]
  template <Backbone B>
  static BackboneShape of(B& net, const at::Tensor& images) {
    TORCH_CHECK_VALUE(images.dim() == 4, "expected images [N, C, H, W], got ", images.sizes());
    const at::NoGradGuard no_grad;
    return of(predict(net, images), images);
  }

  /// Of a prediction that is there already, made of `images`.
  static BackboneShape of(const Prediction& prediction, const at::Tensor& images) {
    const auto& features = prediction.features;
    const auto ratio = [](std::int64_t image, std::int64_t map) {
      return static_cast<double>(image) / static_cast<double>(map);
    };
    return {.width = features.size(1),
            .categories = prediction.logits.size(1),
            .stride_height = ratio(images.size(2), features.size(2)),
            .stride_width = ratio(images.size(3), features.size(3))};
  }
};

}  // namespace cag
