#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/anchor/class_sums.hpp>

namespace cag::sums {

/// By LibTorch's operators, on any device and of any floating-point type.
struct Indexed {
  static constexpr std::string_view kName = "indexed";

  ClassSums operator()(const at::Tensor& features, const at::Tensor& labels,
                       std::int64_t categories) const {
    return ClassSums::of(features, labels, categories);
  }
};

}  // namespace cag::sums
