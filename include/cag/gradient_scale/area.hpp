#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

namespace cag::gradient_scale {

/// Scales by `factor` times the share of the map that the category covers (published code), so that
/// each pixel gets factor/(h·w) of the mean's gradient, however many pixels there are.
struct Area {
  static constexpr std::string_view kName = "area";

  double factor = 2;

  at::Tensor operator()(const at::Tensor& means, const at::Tensor& pixels,
                        std::int64_t area) const {
    const auto share = pixels.to(means.scalar_type()).div(area).mul(factor).unsqueeze(1);
    const auto scaled = means * share;
    return means.detach() + (scaled - scaled.detach());  // the bracket is exactly zero
  }
};

}  // namespace cag::gradient_scale
