#pragma once

#include <cstdint>
#include <vector>

#include <cag/kernels/mutable_feature_map.hpp>

#include "maps.hpp"

namespace cag::kernels::test {

/// A map to write to.
template <typename T>
struct Room {
  std::vector<T> values;
  MutableFeatureMap view;

  Room(std::int64_t images, std::int64_t channels, std::int64_t pixels, Layout layout,
       Element element, T fill)
      : values(images * channels * pixels, fill),
        view{.data = values.data(),
             .element = element,
             .images = images,
             .channels = channels,
             .pixels = pixels,
             .image_stride = channels * pixels,
             .channel_stride = layout == Layout::kContiguous ? pixels : 1,
             .pixel_stride = layout == Layout::kContiguous ? 1 : channels} {}

  T at(std::int64_t n, std::int64_t d, std::int64_t p) const {
    return values[n * view.image_stride + d * view.channel_stride + p * view.pixel_stride];
  }
};

}  // namespace cag::kernels::test
