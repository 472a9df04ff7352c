#pragma once

#include <cstdint>

#include <cag/kernels/anchor_table.hpp>
#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/parallel.hpp>

namespace cag::kernels {

/// How much each pixel belongs to each category: softmax(-d / temperature) over categories, d being
/// the Euclidean distance to the nearest anchor of the category, as `assign` measures it. In one
/// pass over the features; no distance is stored. Categories without an anchor get 0, and all are
/// NaN where distances are not finite.
/// @param map          on the CPU, table.width() channels
/// @param temperature  above 0
/// @param categories   above every category of the table
/// @param weights      [images, categories, pixels] contiguous, overwritten
void soft_weights(const FeatureMap& map, const AnchorTable& table, float temperature,
                  std::int64_t categories, float* weights, const Parallel& parallel = {}) noexcept;

}  // namespace cag::kernels
