#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include <cag/data/detail/geometry.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/sample.hpp>
#include <cag/error.hpp>
#include <cag/random/stream.hpp>

namespace cag::augment {

/// A random scale that keeps the aspect, as published: width = floor(r * base_width) with r uniform
/// in [smallest, largest), height = floor(width / (w / h)) for an image of w x h.
/// A `base_width` of 0 stands for the image's own width.
struct RandomRescale {
  std::int64_t base_width = 2200;
  double smallest = 0.5;
  double largest = 1.5;

  /// The size drawn for an image of size `from`; `from` itself where the width stays.
  ImageSize draw(ImageSize from, Stream& stream) const {
    if (base_width < 0 || !(smallest > 0) || !(largest >= smallest)) {
      throw UsageError(
          "expected a base width of at least 0 and ratios 0 < smallest <= largest, "
          "got {} and {}, {}",
          base_width, smallest, largest);
    }
    const auto base = static_cast<double>(base_width > 0 ? base_width : from.width);
    const auto width = static_cast<std::int64_t>(stream.uniform(smallest, largest) * base);
    if (width == from.width) return from;
    const double aspect = static_cast<double>(from.width) / static_cast<double>(from.height);
    const auto height = static_cast<std::int64_t>(static_cast<double>(width) / aspect);
    return {std::max<std::int64_t>(1, height), std::max<std::int64_t>(1, width)};
  }

  template <Sample S>
  S operator()(S sample, Stream& stream) const {
    const ImageSize size = draw(detail::size_of(sample), stream);
    return detail::resized(std::move(sample), size);
  }
};

}  // namespace cag::augment
