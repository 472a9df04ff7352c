#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace cag {

/// Batch norm that keeps its statistics, scale and shift in training as in evaluation, under the
/// names that a BatchNorm2d has for them. Starts as the identity.
class FrozenBatchNormImpl : public torch::nn::Cloneable<FrozenBatchNormImpl> {
 public:
  explicit FrozenBatchNormImpl(std::int64_t width) : width_(width) { FrozenBatchNormImpl::reset(); }

  void reset() override {
    weight_ = register_parameter("weight", at::ones({width_}), /*requires_grad=*/false);
    bias_ = register_parameter("bias", at::zeros({width_}), /*requires_grad=*/false);
    mean_ = register_buffer("running_mean", at::zeros({width_}));
    variance_ = register_buffer("running_var", at::ones({width_}));
    register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
  }

  /// [N, width, h, w] -> the same
  at::Tensor forward(const at::Tensor& x) {
    return at::batch_norm(x, weight_, bias_, mean_, variance_, /*training=*/false,
                          /*momentum=*/0, /*eps=*/1e-5, /*cudnn_enabled=*/true);
  }

 private:
  std::int64_t width_;
  at::Tensor weight_, bias_, mean_, variance_;
};
TORCH_MODULE(FrozenBatchNorm);

}  // namespace cag
