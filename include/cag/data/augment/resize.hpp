#pragma once

#include <cstdint>
#include <utility>

#include <cag/data/detail/geometry.hpp>
#include <cag/data/sample.hpp>
#include <cag/error.hpp>
#include <cag/random/stream.hpp>

namespace cag::augment {

/// Every image to one size, not keeping its aspect: bilinear, antialiased when shrinking. The
/// defaults are the published size for Cityscapes (GTA5: 1914 x 1052).
struct Resize {
  std::int64_t width = 2048;
  std::int64_t height = 1024;

  template <Sample S>
  S operator()(S sample, Stream&) const {
    if (width < 1 || height < 1) {
      throw UsageError("expected a size of at least 1 x 1, got {} x {}", width, height);
    }
    return detail::resized(std::move(sample), {height, width});
  }
};

}  // namespace cag::augment
