#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

#include <cag/data/sample.hpp>
#include <cag/error.hpp>
#include <cag/random/stream.hpp>

namespace cag::augment {

/// Random brightness and contrast of the image; labels stay. With b uniform in
/// [1 - brightness, 1 + brightness), c likewise, and m the mean of b x over all pixels and
/// channels, a value x becomes m + c (b x - m), rounded and clamped to 0..255. Not in the published
/// pipeline: the defaults change nothing.
struct ColourJitter {
  double brightness = 0;
  double contrast = 0;

  template <Sample S>
  S operator()(S sample, Stream& stream) const {
    if (!(brightness >= 0 && brightness <= 1 && contrast >= 0 && contrast <= 1)) {
      throw UsageError("expected a brightness and contrast from 0 to 1, got {} and {}", brightness,
                       contrast);
    }
    const double b = stream.uniform(1 - brightness, 1 + brightness);
    const double c = stream.uniform(1 - contrast, 1 + contrast);
    if (b != 1 || c != 1) sample.image = adjusted(sample.image, b, c);
    return sample;
  }

 private:
  static at::Tensor adjusted(const at::Tensor& image, double b, double c) {
    const at::Tensor source = image.contiguous();
    const auto* from = source.const_data_ptr<std::uint8_t>();
    const std::int64_t count = source.numel();
    const auto sum = std::accumulate(from, from + count, std::int64_t{0});
    const double mean = count > 0 ? b * static_cast<double>(sum) / static_cast<double>(count) : 0;
    std::array<std::uint8_t, 256> value{};
    for (std::size_t x = 0; x < value.size(); ++x) {
      const double y = mean + c * (b * static_cast<double>(x) - mean);
      value[x] = static_cast<std::uint8_t>(std::clamp(std::floor(y + 0.5), 0.0, 255.0));
    }
    at::Tensor result = at::empty_like(source);
    std::transform(from, from + count, result.mutable_data_ptr<std::uint8_t>(),
                   [&](std::uint8_t x) { return value[x]; });
    return result;
  }
};

}  // namespace cag::augment
