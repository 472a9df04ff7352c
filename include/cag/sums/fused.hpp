#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cag/anchor/class_sums.hpp>
#include <cag/detail/kernel_views.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/kernels/class_sums.hpp>
#include <cag/kernels/scatter.hpp>
#include <cag/label/ignore.hpp>

namespace cag {
namespace detail {

/// (features, labels, categories) -> (sums, pixels), whose gradient gives each pixel that of its
/// category's sum.
struct FusedSums : torch::autograd::Function<FusedSums> {
  using Tensors = torch::autograd::variable_list;

  static Tensors forward(torch::autograd::AutogradContext* context, const at::Tensor& features,
                         const at::Tensor& labels, std::int64_t categories) {
    const FeatureView map(features);
    const auto own = labels.contiguous();
    const auto images = features.size(0);
    auto sums = at::empty({images, categories, features.size(1)}, at::kFloat);
    auto counts = at::empty({images, categories}, at::kLong);
    auto classes = at::empty(labels.sizes(), at::kByte);
    kernels::class_sums(map.view(),
                        {.label = own.const_data_ptr<std::int64_t>(), .categories = categories},
                        sums.mutable_data_ptr<float>(), counts.mutable_data_ptr<std::int64_t>(),
                        classes.mutable_data_ptr<std::uint8_t>(), torch_threads());
    context->save_for_backward({classes});
    context->mark_non_differentiable({counts});
    context->saved_data["sizes"] = features.sizes();
    context->saved_data["type"] = features.scalar_type();
    context->saved_data["format"] = features.suggest_memory_format();
    return {sums, counts};
  }

  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradients) {
    const auto rows = gradients[0].to(at::kFloat).contiguous();
    auto& saved = context->saved_data;
    auto gradient =
        at::empty(saved["sizes"].toIntVector(), at::TensorOptions(saved["type"].toScalarType()),
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
/// their gradient. Of what lies elsewhere than on the CPU, and of float64, as Indexed.
struct Fused {
  static constexpr std::string_view kName = "fused";

  ClassSums operator()(const at::Tensor& features, const at::Tensor& labels,
                       std::int64_t categories) const {
    if (!detail::element_of(features)) return ClassSums::of(features, labels, categories);
    ClassSums::check(features, labels, categories);
    const auto found = detail::FusedSums::apply(features, labels, categories);
    const auto labelled = labels.ne(kIgnoreIndex).sum().item<std::int64_t>();
    if (found[1].sum().item<std::int64_t>() != labelled)
      ClassSums::check_categories(labels.masked_select(labels.ne(kIgnoreIndex)), categories);
    return {found[0], found[1]};
  }
};

}  // namespace sums
}  // namespace cag
