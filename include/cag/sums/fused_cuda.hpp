#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cag/anchor/class_sums.hpp>
#include <cag/detail/class_view.hpp>
#include <cag/detail/cuda_views.hpp>
#include <cag/detail/first_derivative.hpp>
#include <cag/detail/masked_labels.hpp>
#include <cag/kernels/cuda/class_sums.hpp>
#include <cag/kernels/cuda/scatter.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/sums/fused.hpp>

namespace cag {
namespace detail {

/// FusedSums of tensors on a GPU.
struct FusedCudaSums : torch::autograd::Function<FusedCudaSums> {
  using Tensors = torch::autograd::variable_list;

  static Tensors forward(torch::autograd::AutogradContext* context, const at::Tensor& features,
                         const MaskedLabels& masked, std::int64_t categories) {
    const CudaScope scope(features);
    const FeatureView map(features);
    std::optional<FeatureView> logits;
    if (masked.logits.defined()) logits.emplace(masked.logits);
    const auto labels = in_memory(masked.labels).contiguous();
    const auto images = features.size(0);
    const auto options = features.options().requires_grad(false).dtype(at::kFloat);
    auto sums = at::empty({images, categories, features.size(1)}, options);
    auto counts = at::empty({images, categories}, options.dtype(at::kLong));
    auto classes = at::empty(labels.sizes(), options.dtype(at::kByte));
    auto memory = at::empty({kernels::cuda::class_sums_bytes(map.view(), categories)},
                            options.dtype(at::kByte));
    scope.check(kernels::cuda::class_sums(map.view(),
                                          {.label = labels.const_data_ptr<std::int64_t>(),
                                           .logits = logits ? &logits->view() : nullptr,
                                           .categories = categories},
                                          sums.mutable_data_ptr<float>(),
                                          counts.mutable_data_ptr<std::int64_t>(),
                                          classes.mutable_data_ptr<std::uint8_t>(),
                                          memory.mutable_data_ptr(), scope.stream()),
                "class_sums");
    context->save_for_backward({classes});
    context->mark_non_differentiable({counts});
    context->saved_data["sizes"] = features.sizes();
    context->saved_data["type"] = features.scalar_type();
    context->saved_data["format"] = features.suggest_memory_format();
    return {sums, counts};
  }

  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradients) {
    check_first_derivative("sums::FusedCuda");
    const CudaScope scope(gradients[0]);
    const auto rows = in_memory(gradients[0]).to(at::kFloat).contiguous();
    auto& saved = context->saved_data;
    auto gradient =
        at::empty(saved["sizes"].toIntVector(), rows.options().dtype(saved["type"].toScalarType()),
                  saved["format"].toMemoryFormat());
    const auto classes = context->get_saved_variables()[0];
    scope.check(kernels::cuda::scatter(rows.const_data_ptr<float>(), rows.size(1),
                                       classes.const_data_ptr<std::uint8_t>(), written(gradient),
                                       scope.stream()),
                "scatter");
    return {gradient, {}, {}};
  }
};

}  // namespace detail

namespace sums {

/// Fused, also of features on a GPU: those by cag::kernels_cuda, which is to be linked beside
/// cag::kernels, in the current stream. The host waits once, where labels are checked: not where
/// the operators compare them with logits.
struct FusedCuda {
  static constexpr std::string_view kName = Fused::kName;

  ClassSums operator()(const at::Tensor& features, const at::Tensor& labels,
                       std::int64_t categories) const {
    if (!detail::cuda_element_of(features)) return Fused{}(features, labels, categories);
    return of(features, {labels, {}}, categories);
  }

  /// Of the pixels that a mask leaves, as Fused has it.
  template <PixelMask M>
  ClassSums operator()(const at::Tensor& features, const at::Tensor& labels, const M& mask,
                       const at::Tensor& logits, std::int64_t categories) const {
    if (!detail::cuda_element_of(features))
      return Fused{}(features, labels, mask, logits, categories);
    return of(features, detail::MaskedLabels::of(mask, labels, logits, categories), categories);
  }

 private:
  static ClassSums of(const at::Tensor& features, const detail::MaskedLabels& masked,
                      std::int64_t categories) {
    ClassSums::check(features, masked.labels, categories);
    detail::check_same_device(masked.labels, features);
    const auto found = detail::FusedCudaSums::apply(features, masked, categories);
    if (!masked.logits.defined()) detail::check_counted(found[1], masked.labels, categories);
    return {found[0], found[1]};
  }
};

}  // namespace sums
}  // namespace cag
