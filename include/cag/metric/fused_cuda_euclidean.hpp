#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/cuda_views.hpp>
#include <cag/kernels/cuda/assign.hpp>
#include <cag/label/ignore.hpp>
#include <cag/label/nearest_two.hpp>
#include <cag/metric/fused_euclidean.hpp>

namespace cag::metric {

/// FusedEuclidean, also of features on a GPU: those by cag::kernels_cuda, which is to be linked
/// beside cag::kernels, in the current stream.
struct FusedCudaEuclidean {
  static constexpr std::string_view kName = FusedEuclidean::kName;

  at::Tensor operator()(const at::Tensor& features, const at::Tensor& anchors) const {
    return Euclidean{}(features, anchors);
  }

  NearestTwo nearest_two(const at::Tensor& features, const Anchors& anchors,
                         const at::Tensor& competing) const {
    if (!detail::cuda_element_of(features))
      return FusedEuclidean{}.nearest_two(features, anchors, competing);
    detail::check_metric_input(features, anchors);
    const auto floats = features.options().dtype(at::kFloat);
    const auto pixels = detail::pixels_of(features);
    NearestTwo found{at::empty({pixels}, floats.dtype(at::kLong)), at::empty({pixels}, floats),
                     at::empty({pixels}, floats), anchors.categories()};
    assign(features, anchors, competing, {},
           {.category = found.category.mutable_data_ptr<std::int64_t>(),
            .nearest = found.nearest.mutable_data_ptr<float>(),
            .second = found.second.mutable_data_ptr<float>()});
    return found;
  }

  std::optional<at::Tensor> margin_labels(const at::Tensor& features, const Anchors& anchors,
                                          const at::Tensor& competing, double margin,
                                          bool strict) const {
    if (!detail::cuda_element_of(features))
      return FusedEuclidean{}.margin_labels(features, anchors, competing, margin, strict);
    detail::check_metric_input(features, anchors);
    auto labels = at::empty({detail::pixels_of(features)}, features.options().dtype(at::kLong));
    assign(features, anchors, competing, {.margin = static_cast<float>(margin), .strict = strict},
           {.label = labels.mutable_data_ptr<std::int64_t>(), .ignore = kIgnoreIndex});
    return labels;
  }

 private:
  static void assign(const at::Tensor& features, const Anchors& anchors,
                     const at::Tensor& competing, const kernels::MarginTest& test,
                     const kernels::Assignment& out) {
    const detail::CudaScope scope(features);
    const detail::FeatureView map(features);
    const detail::CudaAnchors table(detail::AnchorRows::of(anchors, competing), features.device(),
                                    scope);
    scope.check(kernels::cuda::assign(map.view(), table.view(), test, out, scope.stream()),
                "assign");
  }
};

}  // namespace cag::metric
