#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

namespace bench {

/// A category and its vector [D, 1, 1].
using CategoryMean = std::pair<std::int64_t, at::Tensor>;

/// [N, K + 1, h, w]: one-hot, the last channel for what is no category.
inline at::Tensor published_one_hot(const at::Tensor& labels, std::int64_t categories) {
  auto hot =
      at::zeros({labels.size(0), categories + 1, labels.size(2), labels.size(3)}, at::kFloat);
  const auto none = at::full({1}, categories, at::kFloat);
  return hot.scatter_(1, at::where(labels.lt(categories), labels, none).to(at::kLong), 1);
}

/// The mean of each category's features where label and prediction agree, as it was published: a
/// masked copy of the map for each category.
/// @param labels   [1, 1, h, w] float
/// @param passing  what is done to the masked map: (map, gradient scale) -> map
template <typename Passing>
std::vector<CategoryMean> published_means(const at::Tensor& features, const at::Tensor& logits,
                                          const at::Tensor& labels, Passing passing) {
  constexpr std::int64_t kFewest = 10;
  const auto categories = logits.size(1);
  const auto predicted = logits.softmax(1).argmax(1, /*keepdim=*/true).to(at::kFloat);
  const auto members =
      published_one_hot(labels, categories) * published_one_hot(predicted, categories);
  const auto share = at::adaptive_avg_pool2d(members, {1, 1});
  std::vector<CategoryMean> means;
  for (std::int64_t k = 0; k < categories; ++k) {
    const auto own = members.select(0, 0).select(0, k);
    if (share.select(0, 0).select(0, k).item<float>() == 0) continue;
    if (own.gt(0).sum().item<std::int64_t>() < kFewest) continue;
    const auto scale = own.sum() / labels.size(2) / labels.size(3) * 2;
    const auto masked = passing(features.select(0, 0) * own, scale);
    means.emplace_back(k,
                       at::adaptive_avg_pool2d(masked, {1, 1}) / share.select(0, 0).select(0, k));
  }
  return means;
}

}  // namespace bench
