#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/category_distances.hpp>
#include <cag/detail/check_features.hpp>
#include <cag/detail/kernel_views.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/kernels/assign.hpp>
#include <cag/label/ignore.hpp>
#include <cag/label/nearest_two.hpp>
#include <cag/metric/euclidean.hpp>

namespace cag {
namespace detail {

/// A map of the anchors' width, and anchors between which there is a margin.
inline void check_metric_input(const at::Tensor& features, const Anchors& anchors) {
  check_width(features, anchors);
  TORCH_CHECK_VALUE(anchors.categories() >= 2, "expected anchors of 2 categories or more, got ",
                    anchors.categories());
}

}  // namespace detail

namespace metric {

/// Euclidean, by the vector code of cag::kernels, which is to be linked: the features are read
/// once, and no distance to any but the two nearest categories is stored, and none where a margin
/// alone decides. Sums are float32, also of half types. Features elsewhere than on the CPU, and
/// float64 ones, take the way of Euclidean.
struct FusedEuclidean {
  static constexpr std::string_view kName = "euclidean";

  at::Tensor operator()(const at::Tensor& features, const at::Tensor& anchors) const {
    return Euclidean{}(features, anchors);
  }

  NearestTwo nearest_two(const at::Tensor& features, const Anchors& anchors,
                         const at::Tensor& competing) const {
    detail::check_metric_input(features, anchors);
    if (!detail::element_of(features)) {
      const auto distances =
          detail::category_distances(Euclidean{}, detail::to_pixels(features), anchors);
      return NearestTwo::of(distances.masked_fill(competing.logical_not().to(features.device()),
                                                  std::numeric_limits<double>::infinity()));
    }
    const auto pixels = detail::pixels_of(features);
    const auto floats = at::TensorOptions(at::kFloat);
    NearestTwo found{at::empty({pixels}, at::kLong), at::empty({pixels}, floats),
                     at::empty({pixels}, floats), anchors.categories()};
    kernels::assign(detail::FeatureView(features).view(),
                    detail::AnchorRows::of(anchors, competing).table(), {},
                    {.category = found.category.mutable_data_ptr<std::int64_t>(),
                     .nearest = found.nearest.mutable_data_ptr<float>(),
                     .second = found.second.mutable_data_ptr<float>()},
                    detail::torch_threads());
    return found;
  }

  std::optional<at::Tensor> margin_labels(const at::Tensor& features, const Anchors& anchors,
                                          const at::Tensor& competing, double margin,
                                          bool strict) const {
    detail::check_metric_input(features, anchors);
    if (!detail::element_of(features)) return {};
    auto labels = at::empty({detail::pixels_of(features)}, at::kLong);
    kernels::assign(detail::FeatureView(features).view(),
                    detail::AnchorRows::of(anchors, competing).table(),
                    {.margin = static_cast<float>(margin), .strict = strict},
                    {.label = labels.mutable_data_ptr<std::int64_t>(), .ignore = kIgnoreIndex},
                    detail::torch_threads());
    return labels;
  }
};

}  // namespace metric
}  // namespace cag
