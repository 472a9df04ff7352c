#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/zeros.h>

#include <cag/eval/predictor_options.hpp>
#include <cag/model/backbone.hpp>
#include <cag/model/upsample.hpp>

namespace cag {

/// Categories of single images, for use after training: whole or window by window, at several
/// scales, mirrored, averaged as probabilities. Put the network in eval mode before.
template <Backbone B>
class Predictor {
 public:
  /// @throws UsageError for options out of range
  explicit Predictor(B net, PredictorOptions options = {})
      : net_(std::move(net)), options_(std::move(options)) {
    options_.check();
  }

  /// @param image [H, W, 3] uint8
  /// @return [K, H, W] float32, each pixel's sum is 1
  at::Tensor probabilities(const at::Tensor& image) {
    TORCH_CHECK_VALUE(image.dim() == 3 && image.size(2) == 3 && image.scalar_type() == at::kByte &&
                          image.numel() > 0,
                      "expected an image [H, W, 3] as uint8, got ", image.toString(), " ",
                      image.sizes());
    const at::NoGradGuard no_grad;
    const auto input = options_.normalisation(image.cpu()).unsqueeze(0).to(options_.device);
    at::Tensor sum;
    for (const auto scale : options_.scales) {
      add(sum, at_scale(input, scale));
      if (options_.flip) add(sum, at_scale(input.flip({3}), scale).flip({3}));
    }
    const auto views = static_cast<double>(options_.scales.size() * (options_.flip ? 2 : 1));
    return sum.div_(views).squeeze(0);
  }

  /// @return [H, W] int64, the likeliest category
  at::Tensor categories(const at::Tensor& image) { return probabilities(image).argmax(0); }

 private:
  static void add(at::Tensor& sum, const at::Tensor& view) {
    sum = sum.defined() ? sum.add_(view) : view.clone();
  }

  /// [1, K, H, W], at the size of `input`
  at::Tensor at_scale(const at::Tensor& input, double scale) {
    const auto height = input.size(2), width = input.size(3);
    const auto scaled_side = [scale](std::int64_t side) {
      return std::max<std::int64_t>(1, std::llround(static_cast<double>(side) * scale));
    };
    if (scale == 1) return windows(input);
    const auto scaled = at::upsample_bilinear2d(input, {scaled_side(height), scaled_side(width)},
                                                /*align_corners=*/false);
    return at::upsample_bilinear2d(windows(scaled), {height, width}, /*align_corners=*/false);
  }

  /// Each window's probabilities, weighted towards its middle, so that no seam shows.
  at::Tensor windows(const at::Tensor& input) {
    const auto height = input.size(2), width = input.size(3);
    const auto h = options_.window_height == 0 ? height : std::min(options_.window_height, height);
    const auto w = options_.window_width == 0 ? width : std::min(options_.window_width, width);
    const auto rows = starts(height, h), columns = starts(width, w);
    if (rows.size() == 1 && columns.size() == 1) return seen(input);
    const auto weight = tent(h).unsqueeze(1) * tent(w);
    at::Tensor sum;
    const auto weights = at::zeros({1, 1, height, width}, input.options().dtype(at::kFloat));
    for (const auto y : rows)
      for (const auto x : columns) {
        const auto part = [&](const at::Tensor& map) {
          return map.narrow(2, y, h).narrow(3, x, w);
        };
        const auto view = seen(part(input));
        if (!sum.defined()) sum = at::zeros({1, view.size(1), height, width}, view.options());
        part(sum).add_(view * weight);
        part(weights).add_(weight);
      }
    return sum.div_(weights);
  }

  at::Tensor seen(const at::Tensor& input) {
    const auto logits = predict(net_, input).logits;
    return upsample_logits(logits, input.size(2), input.size(3)).softmax(1, at::kFloat);
  }

  /// Where windows of `side` begin that cover `length`, evenly spread.
  std::vector<std::int64_t> starts(std::int64_t length, std::int64_t side) const {
    const auto rest = length - side;
    if (rest == 0) return {0};
    const auto most = std::max(1.0, std::floor(static_cast<double>(side) * (1 - options_.overlap)));
    const auto steps = static_cast<std::int64_t>(std::ceil(static_cast<double>(rest) / most));
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i <= steps; ++i) result.push_back(rest * i / steps);
    return result;
  }

  /// 1, 2, ... up to the middle and down again
  at::Tensor tent(std::int64_t side) const {
    const auto up = at::arange(1, side + 1, at::TensorOptions(options_.device).dtype(at::kFloat));
    return at::minimum(up, up.flip({0}));
  }

  B net_;
  PredictorOptions options_;
};

}  // namespace cag
