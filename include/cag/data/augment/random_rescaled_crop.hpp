#pragma once

#include <utility>

#include <cag/data/augment/random_crop.hpp>
#include <cag/data/augment/random_rescale.hpp>
#include <cag/data/detail/geometry.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/sample.hpp>
#include <cag/random/stream.hpp>

namespace cag::augment {

/// The same bits as Chain(rescale, crop), computing only the pixels that the crop keeps.
struct RandomRescaledCrop {
  RandomRescale rescale = {};
  RandomCrop crop = {};

  template <Sample S>
  S operator()(S sample, Stream& stream) const {
    const ImageSize size = rescale.draw(detail::size_of(sample), stream);
    if (!crop.fits(size) || size == detail::size_of(sample)) {
      return crop(detail::resized(std::move(sample), size), stream);
    }
    return detail::resized(std::move(sample), size, crop.draw(size, stream));
  }
};

}  // namespace cag::augment
