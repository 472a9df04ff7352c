#pragma once

#include <cstdint>
#include <utility>

#include <cag/data/detail/geometry.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/sample.hpp>
#include <cag/error.hpp>
#include <cag/random/stream.hpp>

namespace cag::augment {

/// A random window of one size, each position equally likely. As published, an image smaller than
/// the crop in either direction is resized to it as a whole.
struct RandomCrop {
  std::int64_t width = 896;
  std::int64_t height = 512;

  /// Whether a window fits into an image of size `from`.
  bool fits(ImageSize from) const {
    if (width < 1 || height < 1) {
      throw UsageError("expected a crop of at least 1 x 1, got {} x {}", width, height);
    }
    return from.width >= width && from.height >= height;
  }

  /// The window drawn for an image that it fits into. An image of exactly this size draws nothing.
  detail::Window draw(ImageSize from, Stream& stream) const {
    if (from == ImageSize{height, width}) return {0, 0, height, width};
    const std::int64_t x = stream.below(from.width - width + 1);
    const std::int64_t y = stream.below(from.height - height + 1);
    return {y, x, height, width};
  }

  template <Sample S>
  S operator()(S sample, Stream& stream) const {
    const ImageSize from = detail::size_of(sample);
    if (!fits(from)) return detail::resized(std::move(sample), {height, width});
    return detail::cropped(std::move(sample), draw(from, stream));
  }
};

}  // namespace cag::augment
