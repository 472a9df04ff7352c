#include "pipeline/colours.hpp"

#include <algorithm>
#include <cstdint>

#include <ATen/ops/zeros.h>

#include <cag/label/ignore.hpp>

namespace pipeline {

at::Tensor coloured(const at::Tensor& categories, const cag::LabelTable& table) {
  at::Tensor colours = at::zeros({table.size() + 1, 3}, at::kByte);
  auto* to = colours.mutable_data_ptr<std::uint8_t>();
  for (const auto& category : table.categories())
    to = std::copy(category.colour.begin(), category.colour.end(), to);
  const auto rows = categories.masked_fill(categories.eq(cag::kIgnoreIndex), table.size());
  return colours.index_select(0, rows.reshape({-1}))
      .view({categories.size(0), categories.size(1), 3});
}

}  // namespace pipeline
