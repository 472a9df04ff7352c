#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/normalization.h>

#include <cag/model/norm.hpp>

namespace cag::detail {

inline torch::nn::AnyModule make_norm(Norm norm, std::int64_t width) {
  constexpr std::int64_t kGroups = 16;
  if (norm == Norm::kGroup) return torch::nn::AnyModule(torch::nn::GroupNorm(kGroups, width));
  return torch::nn::AnyModule(torch::nn::BatchNorm2d(width));
}

/// A norm layer of either kind: [N, width, h, w] -> the same.
class NormLayer {
 public:
  NormLayer() = default;
  NormLayer(torch::nn::Module& parent, std::string name, Norm norm, std::int64_t width)
      : module_(make_norm(norm, width)) {
    parent.register_module(std::move(name), module_.ptr());
  }

  at::Tensor operator()(const at::Tensor& x) { return module_.forward<at::Tensor>(x); }

 private:
  torch::nn::AnyModule module_;
};

/// Batch norm layers in eval mode, their scale and shift without gradients.
inline void freeze_batch_norm(torch::nn::Module& module) {
  for (const auto& part : module.modules(/*include_self=*/false)) {
    auto* layer = part->as<torch::nn::BatchNorm2dImpl>();
    if (layer == nullptr) continue;
    layer->eval();
    layer->weight.set_requires_grad(false);
    layer->bias.set_requires_grad(false);
  }
}

}  // namespace cag::detail
