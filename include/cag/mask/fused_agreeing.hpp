#pragma once

#include <string_view>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cag/detail/class_view.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/label/ignore.hpp>
#include <cag/mask/agreeing.hpp>

namespace cag::mask {

/// Agreeing, by the vector code of cag::kernels, which is to be linked. What lies elsewhere than on
/// the CPU, and float64 logits, take the way of Agreeing.
struct FusedAgreeing {
  static constexpr std::string_view kName = "agreeing";

  at::Tensor operator()(const at::Tensor& labels, const at::Tensor& logits) const {
    detail::check_map(logits, "logits", "[N, K, h, w]");
    detail::check_labels_of(labels, logits);
    const auto categories = logits.size(1);
    if (!detail::element_of(logits) || categories < 1 || categories > kernels::kNoClass)
      return Agreeing{}(labels, logits);
    const auto classes = detail::ClassMap::of(labels, logits, categories).classes;
    return labels.masked_fill(classes.eq(kernels::kNoClass), kIgnoreIndex);
  }
};

}  // namespace cag::mask
