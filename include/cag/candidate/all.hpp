#pragma once

#include <string_view>

#include <ATen/ops/ones.h>

#include <cag/anchor/anchors.hpp>

namespace cag::candidate {

/// Every anchor, the zero rows of categories never seen too (published code).
struct All {
  static constexpr std::string_view kName = "all";

  at::Tensor operator()(const Anchors& anchors) const {
    return at::ones({anchors.categories()}, at::kBool);
  }
};

}  // namespace cag::candidate
