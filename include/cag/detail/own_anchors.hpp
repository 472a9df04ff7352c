#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <limits>

#include <cag/anchor/anchors.hpp>
#include <cag/metric/euclidean.hpp>

namespace cag::detail {

/// The anchor of its category that is nearest to each vector: [M, D], [M] -> [M, D], constants.
inline at::Tensor own_anchors(const at::Tensor& vectors, const at::Tensor& category,
                              const Anchors& anchors) {
  const auto all = anchors.vectors.to(vectors.options());
  if (!anchors.owner.defined()) return all.index_select(0, category);
  const auto owner = anchors.owner.to(vectors.device());
  const auto stand_ins = anchors.stand_ins().to(vectors.device());
  const auto others = owner.unsqueeze(0).ne(category.unsqueeze(1)).logical_or(stand_ins);
  const auto distances = metric::Euclidean{}(vectors.detach(), all)
                             .masked_fill(others, std::numeric_limits<double>::infinity());
  return all.index_select(0, distances.argmin(1));
}

}  // namespace cag::detail
