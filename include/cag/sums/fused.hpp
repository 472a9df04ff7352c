#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cag/anchor/class_sums.hpp>
#include <cag/detail/class_view.hpp>
#include <cag/detail/first_derivative.hpp>
#include <cag/detail/kernel_views.hpp>
#include <cag/detail/masked_labels.hpp>
#include <cag/kernels/class_sums.hpp>
#include <cag/kernels/scatter.hpp>
#include <cag/mask/fused_agreeing.hpp>
#include <cag/mask/pixel_mask.hpp>

namespace cag {
namespace detail {

/// (features, labels, categories) -> (sums, pixels), whose gradient gives each pixel that of its
/// category's sum.
struct FusedSums : torch::autograd::Function<FusedSums> {
  using Tensors = torch::autograd::variable_list;

  static Tensors forward(torch::autograd::AutogradContext* context, const at::Tensor& features,
                         const MaskedLabels& labels, std::int64_t categories) {
    const FeatureView map(features);
    const ClassView own(labels.labels, labels.logits, categories);
    const auto images = features.size(0);
    auto sums = at::empty({images, categories, features.size(1)}, at::kFloat);
    auto counts = at::empty({images, categories}, at::kLong);
    auto classes = at::empty(labels.labels.sizes(), at::kByte);
    kernels::class_sums(map.view(), own.view(), sums.mutable_data_ptr<float>(),
                        counts.mutable_data_ptr<std::int64_t>(),
                        classes.mutable_data_ptr<std::uint8_t>(), torch_threads());
    context->save_for_backward({classes});
    context->mark_non_differentiable({counts});
    context->saved_data["sizes"] = features.sizes();
    context->saved_data["type"] = features.scalar_type();
    context->saved_data["format"] = features.suggest_memory_format();
    return {sums, counts};
  }

  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradients) {
    check_first_derivative("sums::Fused");
    const auto rows = in_memory(gradients[0]).to(at::kFloat).contiguous();
    auto& saved = context->saved_data;
    auto gradient = fresh_map(saved["sizes"].toIntVector(), saved["type"].toScalarType(),
                              saved["format"].toMemoryFormat());
    const auto classes = context->get_saved_variables()[0];
    kernels::scatter(rows.const_data_ptr<float>(), rows.size(1),
                     classes.const_data_ptr<std::uint8_t>(), written(gradient), torch_threads());
    return {gradient, {}, {}};
  }
};

}  // namespace detail

namespace sums {

/// By the vector code of cag::kernels, which is to be linked: one pass over the features, one over
/// their gradient, which has none itself. Of what lies elsewhere than on the CPU, and of float64,
/// as Indexed.
struct Fused {
  static constexpr std::string_view kName = "fused";

  ClassSums operator()(const at::Tensor& features, const at::Tensor& labels,
                       std::int64_t categories) const {
    return of(features, {labels, {}}, categories);
  }

  /// Of the pixels that a mask leaves. Where the operators know what it asks, as of
  /// mask::FusedAgreeing, no masked labels are formed.
  template <PixelMask M>
  ClassSums operator()(const at::Tensor& features, const at::Tensor& labels, const M& mask,
                       const at::Tensor& logits, std::int64_t categories) const {
    return of(features, detail::MaskedLabels::of(mask, labels, logits, categories), categories);
  }

 private:
  static ClassSums of(const at::Tensor& features, const detail::MaskedLabels& masked,
                      std::int64_t categories) {
    const auto& [labels, logits] = masked;
    if (!detail::element_of(features))
      return ClassSums::of(
          features, logits.defined() ? mask::FusedAgreeing{}(labels, logits) : labels, categories);
    ClassSums::check(features, labels, categories);
    const auto found = detail::FusedSums::apply(features, masked, categories);
    if (!logits.defined()) detail::check_counted(found[1], labels, categories);
    return {found[0], found[1]};
  }
};

}  // namespace sums
}  // namespace cag
