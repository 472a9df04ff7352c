#pragma once

#include <cstdint>

#include <cag/kernels/feature_map.hpp>

namespace cag::kernels {

/// A feature map, laid out as FeatureMap says, that an operator writes. No two elements share
/// memory.
struct MutableFeatureMap {
  void* data = nullptr;                 ///< element (0, 0, 0)
  Element element = Element::kFloat32;  ///< of each value
  std::int64_t images = 0;              ///< N
  std::int64_t channels = 0;            ///< D
  std::int64_t pixels = 0;              ///< h · w, of one image
  std::int64_t image_stride = 0;        ///< in elements, as the others
  std::int64_t channel_stride = 0;      ///< from channel to channel
  std::int64_t pixel_stride = 1;        ///< from pixel to pixel
};

}  // namespace cag::kernels
