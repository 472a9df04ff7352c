#pragma once

#include <ATen/core/Tensor.h>

#include <cag/data/label_table.hpp>

namespace pipeline {

/// The colours of categories [H, W] int64; black where there is none (cag::kIgnoreIndex).
/// @return [H, W, 3] uint8
at::Tensor coloured(const at::Tensor& categories, const cag::LabelTable& table);

}  // namespace pipeline
