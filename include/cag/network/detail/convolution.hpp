#pragma once

#include <cstdint>

#include <torch/nn/options/conv.h>

namespace cag::detail {

/// A k x k convolution without bias (a norm layer follows), padded so that only the stride changes
/// the size: n becomes ceil(n / stride) for odd k.
inline torch::nn::Conv2dOptions convolution(std::int64_t in, std::int64_t out, std::int64_t k,
                                            std::int64_t stride = 1, std::int64_t dilation = 1) {
  return torch::nn::Conv2dOptions(in, out, k)
      .stride(stride)
      .padding(dilation * (k - 1) / 2)
      .dilation(dilation)
      .bias(false);
}

}  // namespace cag::detail
