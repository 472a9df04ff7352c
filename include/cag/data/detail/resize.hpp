#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <cag/data/image_size.hpp>

namespace cag::detail {

/// A part of an image: rows [y, y + height), columns [x, x + width).
struct Window {
  std::int64_t y = 0;
  std::int64_t x = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// The weights of Pillow's BILINEAR along one axis: a triangle filter, widened by the scale when
/// shrinking, in fixed point of 22 bits.
class Taps {
 public:
  static constexpr int kBits = 22;

  /// For outputs [begin, begin + count) of an axis resized from `in` to `out` samples.
  Taps(std::int64_t in, std::int64_t out, std::int64_t begin, std::int64_t count) {
    const double scale = static_cast<double>(in) / static_cast<double>(out);
    const double support = std::max(scale, 1.0);
    std::vector<double> taps;
    for (std::int64_t i = begin; i < begin + count; ++i) {
      const double centre = (static_cast<double>(i) + 0.5) * scale;
      const auto first =
          std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - support + 0.5));
      const auto last = std::min(in, static_cast<std::int64_t>(centre + support + 0.5));
      taps.clear();
      double sum = 0;
      for (std::int64_t j = first; j < last; ++j) {
        const double distance = std::abs((static_cast<double>(j) - centre + 0.5) * (1.0 / support));
        taps.push_back(distance < 1.0 ? 1.0 - distance : 0.0);
        sum += taps.back();
      }
      first_.push_back(first);
      start_.push_back(weights_.size());
      for (const double tap : taps) {
        weights_.push_back(static_cast<std::int32_t>(0.5 + tap / sum * (1 << kBits)));
      }
    }
    start_.push_back(weights_.size());
  }

  /// The first input of output `i`, counted from `begin`.
  std::int64_t first(std::int64_t i) const { return first_[static_cast<std::size_t>(i)]; }
  std::int64_t count(std::int64_t i) const {
    const auto k = static_cast<std::size_t>(i);
    return static_cast<std::int64_t>(start_[k + 1] - start_[k]);
  }
  const std::int32_t* weights(std::int64_t i) const {
    return weights_.data() + start_[static_cast<std::size_t>(i)];
  }
  std::int64_t last(std::int64_t i) const { return first(i) + count(i); }

 private:
  std::vector<std::int64_t> first_;
  std::vector<std::size_t> start_;
  std::vector<std::int32_t> weights_;
};

constexpr std::int32_t kHalf = 1 << (Taps::kBits - 1);

constexpr std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> Taps::kBits, 0, 255));
}

/// One window of an image resized to `size`: the bytes that Pillow 10's
/// `resize((width, height), BILINEAR).crop(...)` gives, without computing the rest. (ATen's
/// _upsample_bilinear2d_aa has coarser weights, and other ones on other processors; Pillow 13
/// resizes some shapes rows first, which changes the last bit.)
/// @param image  [h, w, 3] uint8
/// @return [window.height, window.width, 3] uint8
inline at::Tensor resize_bilinear(const at::Tensor& image, ImageSize size, const Window& window) {
  const Taps across(image.size(1), size.width, window.x, window.width);
  const Taps down(image.size(0), size.height, window.y, window.height);
  const std::int64_t top = down.first(0);
  const std::int64_t rows = down.last(window.height - 1) - top;
  const at::Tensor source = image.contiguous();
  const std::int64_t in_stride = image.size(1) * 3;
  const std::int64_t stride = window.width * 3;

  // Columns first, rounded to bytes, then rows: the order decides the last bit.
  std::vector<std::uint8_t> narrowed(static_cast<std::size_t>(rows * stride));
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::uint8_t* in = source.const_data_ptr<std::uint8_t>() + (top + y) * in_stride;
    std::uint8_t* out = narrowed.data() + y * stride;
    for (std::int64_t x = 0; x < window.width; ++x, out += 3) {
      const std::uint8_t* pixel = in + across.first(x) * 3;
      const std::int32_t* weight = across.weights(x);
      std::int32_t sum[3] = {kHalf, kHalf, kHalf};
      for (std::int64_t k = across.count(x); k > 0; --k, pixel += 3, ++weight) {
        for (int c = 0; c < 3; ++c) sum[c] += pixel[c] * *weight;
      }
      for (int c = 0; c < 3; ++c) out[c] = to_byte(sum[c]);
    }
  }

  at::Tensor resized = at::empty({window.height, window.width, 3}, at::kByte);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(stride));
  for (std::int64_t y = 0; y < window.height; ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::int64_t k = 0; k < down.count(y); ++k) {
      const std::uint8_t* in = narrowed.data() + (down.first(y) - top + k) * stride;
      const std::int32_t weight = down.weights(y)[k];
      for (std::int64_t i = 0; i < stride; ++i) sums[static_cast<std::size_t>(i)] += in[i] * weight;
    }
    std::uint8_t* out = resized.mutable_data_ptr<std::uint8_t>() + y * stride;
    std::transform(sums.begin(), sums.end(), out, to_byte);
  }
  return resized;
}

/// One window of a label map resized to `size`, as Pillow's NEAREST: the label under the
/// centre of each pixel.
/// @param label  [h, w] int64
/// @return [window.height, window.width] int64
inline at::Tensor resize_nearest(const at::Tensor& label, ImageSize size, const Window& window) {
  const auto sources = [](std::int64_t in, std::int64_t out, std::int64_t begin,
                          std::int64_t count) {
    const double scale = static_cast<double>(in) / static_cast<double>(out);
    std::vector<std::int64_t> from;
    double at = scale * 0.5;  // summed up like Pillow, whose rounding decides where pixels meet
    for (std::int64_t i = 0; i < begin + count; ++i, at += scale) {
      if (i >= begin) from.push_back(std::min(in - 1, static_cast<std::int64_t>(at)));
    }
    return from;
  };
  const auto rows = sources(label.size(0), size.height, window.y, window.height);
  const auto columns = sources(label.size(1), size.width, window.x, window.width);
  const at::Tensor source = label.contiguous();
  at::Tensor resized = at::empty({window.height, window.width}, at::kLong);
  auto* out = resized.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t y : rows) {
    const std::int64_t* row = source.const_data_ptr<std::int64_t>() + y * label.size(1);
    for (const std::int64_t x : columns) *out++ = row[x];
  }
  return resized;
}

}  // namespace cag::detail
