#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <utility>

#include <cag/data/detail/resize.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/sample.hpp>

namespace cag::detail {

template <Sample S>
ImageSize size_of(const S& sample) {
  return {sample.image.size(0), sample.image.size(1)};
}

/// One window of a sample resized to `size`, the label along with the image.
template <Sample S>
S resized(S sample, ImageSize size, const Window& window) {
  sample.image = resize_bilinear(sample.image, size, window);
  if constexpr (std::same_as<S, LabelledSample>) {
    sample.label = resize_nearest(sample.label, size, window);
  }
  return sample;
}

template <Sample S>
S resized(S sample, ImageSize size) {
  if (size == size_of(sample)) return sample;
  return resized(std::move(sample), size, {0, 0, size.height, size.width});
}

template <Sample S>
S cropped(S sample, const Window& w) {
  const auto crop = [&](const at::Tensor& map) {
    return map.slice(0, w.y, w.y + w.height).slice(1, w.x, w.x + w.width);
  };
  sample.image = crop(sample.image);
  if constexpr (std::same_as<S, LabelledSample>) sample.label = crop(sample.label);
  return sample;
}

}  // namespace cag::detail
