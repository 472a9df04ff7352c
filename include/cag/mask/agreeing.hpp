#pragma once

#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/detail/pixels.hpp>
#include <cag/label/ignore.hpp>

namespace cag::mask {

/// A pixel counts where the network's own prediction agrees with its label (published code).
struct Agreeing {
  static constexpr std::string_view kName = "agreeing";

  at::Tensor operator()(const at::Tensor& labels, const at::Tensor& logits) const {
    detail::check_map(logits, "logits", "[N, K, h, w]");
    detail::check_labels_of(labels, logits);
    return labels.masked_fill(logits.argmax(1).ne(labels), kIgnoreIndex);
  }
};

}  // namespace cag::mask
