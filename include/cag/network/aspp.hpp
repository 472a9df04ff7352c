#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>
#include <c10/util/Exception.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/pooling.h>
#include <torch/nn/pimpl.h>

#include <cag/network/detail/convolution.hpp>
#include <cag/network/detail/norm_layer.hpp>
#include <cag/network/norm.hpp>

namespace cag {

namespace detail {

/// One branch of the pyramid: convolution, norm, ReLU.
class AsppBranchImpl : public torch::nn::Cloneable<AsppBranchImpl> {
 public:
  AsppBranchImpl(std::int64_t in, std::int64_t out, std::int64_t k, std::int64_t dilation,
                 Norm norm)
      : in_(in), out_(out), k_(k), dilation_(dilation), norm_(norm) {
    AsppBranchImpl::reset();
  }

  void reset() override {
    atrous_conv_ = register_module(
        "atrous_conv", torch::nn::Conv2d(convolution(in_, out_, k_, /*stride=*/1, dilation_)));
    bn_ = NormLayer(*this, "bn", norm_, out_);
  }

  at::Tensor forward(const at::Tensor& x) { return bn_(atrous_conv_(x)).relu_(); }

 private:
  std::int64_t in_, out_, k_, dilation_;
  Norm norm_;
  torch::nn::Conv2d atrous_conv_ = nullptr;
  NormLayer bn_;
};
TORCH_MODULE(AsppBranch);

}  // namespace detail

/// Atrous spatial pyramid pooling: 1 x 1, three dilated 3 x 3 and the image mean, side by side,
/// then 1 x 1 to 256 channels and Dropout(0.5). [N, in, h, w] becomes [N, 256, h, w], nonnegative.
class AsppImpl : public torch::nn::Cloneable<AsppImpl> {
 public:
  static constexpr std::int64_t kWidth = 256;  ///< channels of the result

  /// @param rate dilation of the first 3 x 3 branch; the others have 2 and 3 times as much. 6 at
  ///             output stride 16.
  AsppImpl(std::int64_t in, std::int64_t rate, Norm norm = Norm::kBatch)
      : in_(in), rate_(rate), norm_(norm) {
    AsppImpl::reset();
  }

  void reset() override {
    using detail::AsppBranch;
    using torch::nn::Conv2d;
    aspp1_ = register_module("aspp1", AsppBranch(in_, kWidth, 1, 1, norm_));
    aspp2_ = register_module("aspp2", AsppBranch(in_, kWidth, 3, rate_, norm_));
    aspp3_ = register_module("aspp3", AsppBranch(in_, kWidth, 3, 2 * rate_, norm_));
    aspp4_ = register_module("aspp4", AsppBranch(in_, kWidth, 3, 3 * rate_, norm_));
    global_avg_pool_ = register_module(
        "global_avg_pool",
        torch::nn::Sequential(torch::nn::AdaptiveAvgPool2d(1),
                              Conv2d(detail::convolution(in_, kWidth, 1)),
                              detail::make_norm(norm_, kWidth),
                              torch::nn::ReLU(torch::nn::ReLUOptions(/*inplace=*/true))));
    conv1_ = register_module("conv1", Conv2d(detail::convolution(5 * kWidth, kWidth, 1)));
    bn1_ = detail::NormLayer(*this, "bn1", norm_, kWidth);
    dropout_ = register_module("dropout", torch::nn::Dropout(0.5));
  }

  /// @throws c10::ValueError for a batch of one while the image pooling trains.
  at::Tensor forward(const at::Tensor& x) {
    const bool by_batch = norm_ == Norm::kBatch && global_avg_pool_[2]->is_training();
    TORCH_CHECK_VALUE(x.size(0) > 1 || !by_batch,
                      "the batch norm of the image pooling trains on one value per image and "
                      "expected a batch of at least 2 images, got 1; use larger batches or freeze "
                      "batch norm (Norm::kFrozenBatch)");
    // Upsampled from 1 x 1, bilinear interpolation is a broadcast.
    const auto pooled = global_avg_pool_->forward(x).expand({-1, -1, x.size(2), x.size(3)});
    const auto y = at::cat({aspp1_(x), aspp2_(x), aspp3_(x), aspp4_(x), pooled}, /*dim=*/1);
    return dropout_(bn1_(conv1_(y)).relu_());
  }

 private:
  std::int64_t in_, rate_;
  Norm norm_;
  detail::AsppBranch aspp1_ = nullptr;
  detail::AsppBranch aspp2_ = nullptr;
  detail::AsppBranch aspp3_ = nullptr;
  detail::AsppBranch aspp4_ = nullptr;
  torch::nn::Sequential global_avg_pool_ = nullptr;
  torch::nn::Conv2d conv1_ = nullptr;
  detail::NormLayer bn1_;
  torch::nn::Dropout dropout_ = nullptr;
};
TORCH_MODULE(Aspp);

}  // namespace cag
