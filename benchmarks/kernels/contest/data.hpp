#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include <cag/kernels/feature_map.hpp>

#include "case.hpp"

namespace bench {

/// Features of a size in float32 and contiguous, and what goes with them. Each pixel lies between
/// its category's anchor and another, with noise, so that 45 % of the pixels are active.
struct Data {
  at::Tensor features;  ///< [1, D, h, w]
  at::Tensor anchors;   ///< [K, D]
  at::Tensor category;  ///< [1, h, w] int64, in patches as a segmentation has them
  at::Tensor labels;    ///< the same, with 250 in a tenth of the patches
  at::Tensor logits;    ///< [1, K, h, w], mostly largest for the category
};

/// @param anchors  file of [19, 256] float32, of which a size takes a part; empty: random anchors
Data make_data(const Case& now, const std::string& anchors);

/// The map in the layout and element of the case.
at::Tensor as_stored(const at::Tensor& map, const Case& now);

/// [1, D, h, w] in either layout as the operators see it.
cag::kernels::FeatureMap view(const at::Tensor& map);

/// The bytes of a tensor as they lie in memory.
void write_bytes(const std::string& path, const at::Tensor& tensor);
at::Tensor read_bytes(const std::string& path, at::IntArrayRef sizes, at::ScalarType type);

}  // namespace bench
