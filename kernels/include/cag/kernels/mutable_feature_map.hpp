#pragma once

#include <cstdint>

#include <cag/kernels/feature_map.hpp>

namespace cag::kernels {

/// A feature map, laid out as FeatureMap says, that an operator writes. No two elements share
/// memory.
struct MutableFeatureMap {
  void* data = nullptr;
  Element element = Element::kFloat32;
  std::int64_t images = 0;
  std::int64_t channels = 0;
  std::int64_t pixels = 0;
  std::int64_t image_stride = 0;
  std::int64_t channel_stride = 0;
  std::int64_t pixel_stride = 1;
};

}  // namespace cag::kernels
