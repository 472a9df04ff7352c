#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/class_view.hpp>
#include <cag/detail/cuda_views.hpp>
#include <cag/kernels/cuda/class_map.hpp>
#include <cag/kernels/cuda/own_distance.hpp>
#include <cag/loss/fused_pixel_distance.hpp>

namespace cag {
namespace detail {

/// OwnDistanceSum of tensors on a GPU.
struct CudaOwnDistanceSum : torch::autograd::Function<CudaOwnDistanceSum> {
  using Tensors = torch::autograd::variable_list;

  static Tensors forward(torch::autograd::AutogradContext* context, const at::Tensor& features,
                         const at::Tensor& classes, const at::Tensor& vectors,
                         const at::Tensor& category) {
    const CudaScope scope(features);
    const FeatureView map(features);
    auto distance = at::empty(classes.sizes(), classes.options().dtype(at::kFloat));
    auto nearest = at::empty(classes.sizes(), classes.options().dtype(at::kInt));
    // A double, and an int64 beside it.
    static_assert(sizeof(kernels::DistanceSum) == 2 * sizeof(double));
    auto sum = at::empty({2}, classes.options().dtype(at::kDouble));
    auto memory = at::empty({kernels::cuda::own_distance_bytes(map.view())}, classes.options());
    scope.check(kernels::cuda::own_distance(
                    map.view(), own_anchors_view(vectors, category),
                    classes.const_data_ptr<std::uint8_t>(), own_distances_view(distance, nearest),
                    static_cast<kernels::DistanceSum*>(sum.mutable_data_ptr()),
                    memory.mutable_data_ptr(), scope.stream()),
                "own_distance");
    context->save_for_backward({features, vectors, category, distance, nearest});
    auto pixels = sum.view(at::kLong)[1].clone();
    context->mark_non_differentiable({pixels});
    return {sum[0].to(at::kFloat), pixels};
  }

  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradients) {
    check_first_derivative("loss::FusedCudaPixelDistance");
    const auto saved = context->get_saved_variables();
    const CudaScope scope(saved[0]);
    const FeatureView map(saved[0]);
    auto gradient = at::empty(saved[0].sizes(), saved[0].options().requires_grad(false),
                              map.view().pixel_stride == 1 ? at::MemoryFormat::Contiguous
                                                           : at::MemoryFormat::ChannelsLast);
    auto distance = saved[3], nearest = saved[4];
    const auto scale = in_memory(gradients[0]).to(at::kFloat).contiguous();
    scope.check(
        kernels::cuda::own_distance_gradient(
            map.view(), own_anchors_view(saved[1], saved[2]), own_distances_view(distance, nearest),
            scale.const_data_ptr<float>(), written(gradient), scope.stream()),
        "own_distance_gradient");
    return {gradient, {}, {}, {}};
  }
};

}  // namespace detail

namespace loss {

/// FusedPixelDistance, also of features on a GPU: those by cag::kernels_cuda, which is to be linked
/// beside cag::kernels, in the current stream. The host waits once, where labels are checked.
template <PixelMask M = mask::Labelled, CandidateRule C = candidate::Seen,
          EmptyRule E = empty::Zero>
struct FusedCudaPixelDistance {
  static constexpr std::string_view kName = FusedPixelDistance<M, C, E>::kName;

  M mask{};
  C candidates{};
  E empty{};

  at::Tensor operator()(const Prediction& student, const at::Tensor& labels,
                        const Anchors& anchors) const {
    const auto& features = student.features;
    const auto categories = anchors.categories();
    if (!detail::cuda_element_of(features) || categories > kIgnoreIndex)
      return FusedPixelDistance<M, C, E>{mask, candidates, empty}(student, labels, anchors);
    detail::check_features(features, anchors);
    detail::check_labels_of(labels, features);
    detail::check_same_device(labels, features);
    const auto counted = detail::in_memory(mask(labels, student.logits)).contiguous();
    const detail::CudaScope scope(features);
    const auto bytes = features.options().requires_grad(false).dtype(at::kByte);
    auto classes = at::empty(counted.sizes(), bytes);
    auto pixels = at::empty({counted.size(0), categories}, bytes.dtype(at::kLong));
    scope.check(
        kernels::cuda::class_map(
            {.label = counted.template const_data_ptr<std::int64_t>(), .categories = categories},
            counted.size(0), counted.size(1) * counted.size(2),
            classes.template mutable_data_ptr<std::uint8_t>(),
            pixels.template mutable_data_ptr<std::int64_t>(), scope.stream()),
        "class_map");
    detail::check_counted(pixels, counted, categories);
    const auto rows = detail::AnchorRows::of(anchors, candidates(anchors));
    const auto sum = detail::CudaOwnDistanceSum::apply(
        features, classes, detail::sent(rows.vectors, features.device()),
        detail::sent(rows.category, features.device()));
    return empty(sum[0], sum[1].to(at::kFloat));
  }
};

}  // namespace loss
}  // namespace cag
