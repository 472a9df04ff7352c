#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/normalization.h>

#include <cag/network/frozen_batch_norm.hpp>
#include <cag/network/norm.hpp>

namespace cag::detail {

inline torch::nn::AnyModule make_norm(Norm norm, std::int64_t width) {
  constexpr std::int64_t kGroups = 16;
  if (norm == Norm::kGroup) return torch::nn::AnyModule(torch::nn::GroupNorm(kGroups, width));
  if (norm == Norm::kFrozenBatch) return torch::nn::AnyModule(FrozenBatchNorm(width));
  return torch::nn::AnyModule(torch::nn::BatchNorm2d(width));
}

/// A norm layer of any kind: [N, width, h, w] -> the same.
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

}  // namespace cag::detail
