#pragma once

#include <cstdint>

namespace cag::kernels {

/// What a feature map is made of. Half types are widened, which is exact; sums are float32.
enum class Element { kFloat32, kBFloat16, kFloat16 };

/// Bytes of one value.
constexpr int bytes_of(Element element) { return element == Element::kFloat32 ? 4 : 2; }

/// [N, D, h, w] in memory that the caller keeps. Element (n, d, p), p being the pixel y·w + x, lies
/// `n·image_stride + d·channel_stride + p·pixel_stride` elements after `data`. One of the last two
/// strides is 1: 1 for pixels is the contiguous layout, 1 for channels is channels-last.
struct FeatureMap {
  const void* data = nullptr;           ///< element (0, 0, 0)
  Element element = Element::kFloat32;  ///< of each value
  std::int64_t images = 0;              ///< N
  std::int64_t channels = 0;            ///< D
  std::int64_t pixels = 0;              ///< h · w, of one image
  std::int64_t image_stride = 0;        ///< in elements, as the others
  std::int64_t channel_stride = 0;      ///< from channel to channel
  std::int64_t pixel_stride = 1;        ///< from pixel to pixel
};

}  // namespace cag::kernels
