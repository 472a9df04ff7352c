#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <ATen/core/Tensor.h>

#include <cag/anchor/class_moments.hpp>

namespace cag::moments {

/// Anchors alone.
struct None {
  static constexpr std::string_view kName = "none";

  void operator()(std::optional<ClassMoments>&, const at::Tensor&, const at::Tensor&,
                  std::int64_t) const {}
};

}  // namespace cag::moments
