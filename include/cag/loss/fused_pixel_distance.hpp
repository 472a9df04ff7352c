#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cag/anchor/anchors.hpp>
#include <cag/candidate/candidate_rule.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/detail/check_features.hpp>
#include <cag/detail/class_view.hpp>
#include <cag/detail/first_derivative.hpp>
#include <cag/detail/kernel_views.hpp>
#include <cag/detail/masked_labels.hpp>
#include <cag/empty/empty_rule.hpp>
#include <cag/empty/zero.hpp>
#include <cag/kernels/own_distance.hpp>
#include <cag/label/ignore.hpp>
#include <cag/loss/pixel_distance.hpp>
#include <cag/mask/labelled.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/model/prediction.hpp>

namespace cag {
namespace detail {

/// @param vectors [R, D] float32  @param category [R] int64, ascending
inline kernels::OwnAnchors own_anchors_view(const at::Tensor& vectors, const at::Tensor& category) {
  return {vectors.const_data_ptr<float>(), category.const_data_ptr<std::int64_t>(),
          vectors.size(0)};
}

/// @param distance [N, h, w] float32  @param nearest [N, h, w] int32
inline kernels::OwnDistances own_distances_view(at::Tensor& distance, at::Tensor& nearest) {
  return {distance.mutable_data_ptr<float>(), nearest.mutable_data_ptr<std::int32_t>()};
}

/// (features, class map [N, h, w], anchors' vectors, their categories) -> (sum of the pixels'
/// distances to their own anchors, how many count).
struct OwnDistanceSum : torch::autograd::Function<OwnDistanceSum> {
  using Tensors = torch::autograd::variable_list;

  static Tensors forward(torch::autograd::AutogradContext* context, const at::Tensor& features,
                         const at::Tensor& classes, const at::Tensor& vectors,
                         const at::Tensor& category) {
    const FeatureView map(features);
    auto distance = at::empty(classes.sizes(), at::kFloat);
    auto nearest = at::empty(classes.sizes(), at::kInt);
    const auto sum = kernels::own_distance(map.view(), own_anchors_view(vectors, category),
                                           classes.const_data_ptr<std::uint8_t>(),
                                           own_distances_view(distance, nearest), torch_threads());
    context->save_for_backward({features, vectors, category, distance, nearest});
    auto pixels = at::scalar_tensor(sum.pixels, at::kLong);
    context->mark_non_differentiable({pixels});
    return {at::scalar_tensor(sum.distance, at::kFloat), pixels};
  }

  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradients) {
    check_first_derivative("loss::FusedPixelDistance");
    const auto saved = context->get_saved_variables();
    const FeatureView map(saved[0]);
    auto gradient = fresh_map(saved[0].sizes(), saved[0].scalar_type(),
                              map.view().pixel_stride == 1 ? at::MemoryFormat::Contiguous
                                                           : at::MemoryFormat::ChannelsLast);
    auto distance = saved[3], nearest = saved[4];
    kernels::own_distance_gradient(map.view(), own_anchors_view(saved[1], saved[2]),
                                   own_distances_view(distance, nearest),
                                   gradients[0].item<float>(), written(gradient), torch_threads());
    return {gradient, {}, {}, {}};
  }
};

}  // namespace detail

namespace loss {

/// PixelDistance, by the vector code of cag::kernels, which is to be linked: one pass over the
/// features, one over their gradient, and no copy of labelled pixels. What lies elsewhere than on
/// the CPU, and float64, take the way of PixelDistance. It has no second derivative.
template <PixelMask M = mask::Labelled, CandidateRule C = candidate::Seen,
          EmptyRule E = empty::Zero>
struct FusedPixelDistance {
  static constexpr std::string_view kName = PixelDistance<M, C, E>::kName;

  M mask{};
  C candidates{};
  E empty{};

  at::Tensor operator()(const Prediction& student, const at::Tensor& labels,
                        const Anchors& anchors) const {
    const auto& features = student.features;
    const auto categories = anchors.categories();
    if (!detail::element_of(features) || categories > kIgnoreIndex)
      return PixelDistance<M, C, E>{mask, candidates, empty}(student, labels, anchors);
    detail::check_features(features, anchors);
    detail::check_labels_of(labels, features);
    const auto masked = detail::MaskedLabels::of(mask, labels, student.logits, categories);
    const auto map = detail::ClassMap::of(masked.labels, masked.logits, categories);
    if (!masked.logits.defined()) detail::check_counted(map.pixels, masked.labels, categories);
    const auto rows = detail::AnchorRows::of(anchors, candidates(anchors));
    const auto sum =
        detail::OwnDistanceSum::apply(features, map.classes, rows.vectors, rows.category);
    return empty(sum[0], sum[1].to(at::kFloat));
  }
};

}  // namespace loss
}  // namespace cag
