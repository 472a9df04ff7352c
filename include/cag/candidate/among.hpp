#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <ATen/ops/zeros.h>

#include <cag/anchor/anchors.hpp>

namespace cag::candidate {

/// The listed categories, as the published code's `valid_classes`.
struct Among {
  static constexpr std::string_view kName = "among";

  std::vector<std::int64_t> categories;

  at::Tensor operator()(const Anchors& anchors) const {
    auto mask = at::zeros({anchors.categories()}, at::kBool);
    for (const auto category : categories) {
      TORCH_CHECK_VALUE(category >= 0 && category < anchors.categories(),
                        "expected categories below ", anchors.categories(), ", got ", category);
      mask.select(0, category).fill_(true);
    }
    return mask;
  }
};

}  // namespace cag::candidate
