#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include <cag/error.hpp>

namespace cag {

/// How bytes become network input: (x / 255 - mean) / deviation per channel, in red, green, blue
/// order. The default is the published one, x / 255. Weights belong to one normalisation: keep it
/// with them.
struct Normalisation {
  std::array<double, 3> mean{0, 0, 0};
  std::array<double, 3> deviation{1, 1, 1};
  friend bool operator==(const Normalisation&, const Normalisation&) = default;

  /// The mean and deviation of ImageNet.
  static Normalisation imagenet() { return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}; }

  /// @param image  [H, W, 3] uint8
  /// @return [3, H, W] float32
  at::Tensor operator()(const at::Tensor& image) const {
    TORCH_CHECK_VALUE(image.dim() == 3 && image.size(2) == 3 && image.scalar_type() == at::kByte,
                      "expected an image [H, W, 3] uint8, got ", image.sizes(), " ",
                      image.scalar_type());
    at::Tensor result = at::empty({3, image.size(0), image.size(1)}, at::kFloat);
    write(image, {result.mutable_data_ptr<float>(), static_cast<std::size_t>(result.numel())});
    return result;
  }

  /// Writes the result for `image` [H, W, 3] into `planes`, 3 * H * W floats: a place in a batch.
  void write(const at::Tensor& image, std::span<float> planes) const {
    const at::Tensor source = image.contiguous();
    const auto* pixel = source.const_data_ptr<std::uint8_t>();
    const std::size_t plane = planes.size() / 3;
    const auto value = values();
    for (std::size_t i = 0; i < plane; ++i, pixel += 3) {
      for (std::size_t c = 0; c < 3; ++c) planes[c * plane + i] = value[c][pixel[c]];
    }
  }

  /// @throws UsageError unless all numbers are finite and deviations positive
  void check() const {
    for (std::size_t c = 0; c < 3; ++c) {
      if (!std::isfinite(mean[c]) || !std::isfinite(deviation[c]) || deviation[c] <= 0) {
        throw UsageError(
            "expected a finite mean and a positive deviation for channel {}, got {} "
            "and {}",
            c, mean[c], deviation[c]);
      }
    }
  }

 private:
  // Only 256 results per channel: computed in float64, rounded once.
  std::array<std::array<float, 256>, 3> values() const {
    check();
    std::array<std::array<float, 256>, 3> table{};
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t x = 0; x < 256; ++x) {
        table[c][x] = static_cast<float>((static_cast<double>(x) / 255 - mean[c]) / deviation[c]);
      }
    }
    return table;
  }
};

}  // namespace cag
