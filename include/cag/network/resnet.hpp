#pragma once

#include <array>
#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cag/error.hpp>
#include <cag/network/basic_block.hpp>
#include <cag/network/block_options.hpp>
#include <cag/network/bottleneck.hpp>
#include <cag/network/detail/convolution.hpp>
#include <cag/network/detail/norm_layer.hpp>
#include <cag/network/norm.hpp>
#include <cag/network/resnet_variant.hpp>

namespace cag {

/// Which ResNet.
struct ResNetOptions {
  std::int64_t depth = 101;         ///< 18, 34 (basic blocks), 50 or 101 (bottlenecks)
  std::int64_t output_stride = 16;  ///< 8 or 16: input pixels per pixel of the last layer
  std::int64_t grid = 2;            ///< block i of the last layer is dilated by a further grid^i
  Norm norm = Norm::kBatch;
  ResNetVariant variant = ResNetVariant::kTorchvision;
};

/// Dilated ResNet without its pooling and classifier. Entry names and shapes are those of the usual
/// ImageNet weights.
///
/// Where a stride is removed the layer is dilated instead; in the last layer block i is dilated by
/// a further grid^i (multi-grid 1, 2, 4). The basic blocks of ResNet-18 and -34 follow the same
/// rules with both their convolutions dilated.
class ResNetImpl : public torch::nn::Cloneable<ResNetImpl> {
 public:
  /// What a decoder needs of one forward.
  struct Levels {
    at::Tensor low;    ///< [N, low_width(), ceil(ceil(H / 2) / 2), ...], after the first layer
    at::Tensor third;  ///< [N, high_width() / 2, about H / output_stride, ...]
    at::Tensor high;   ///< [N, high_width(), about H / output_stride, ...]
  };

  /// @throws UsageError for a depth or an output stride not listed in ResNetOptions.
  explicit ResNetImpl(ResNetOptions options = {}) : options_(options) {
    blocks_ = blocks(options_.depth);
    if (options_.output_stride != 8 && options_.output_stride != 16) {
      throw UsageError("ResNet: expected output stride 8 or 16, got {}", options_.output_stride);
    }
    if (options_.grid < 1) throw UsageError("ResNet: expected a grid >= 1, got {}", options_.grid);
    ResNetImpl::reset();
  }

  void reset() override {
    conv1_ = register_module("conv1", torch::nn::Conv2d(detail::convolution(3, 64, 7, 2)));
    bn1_ = detail::NormLayer(*this, "bn1", options_.norm, 64);
    if (expansion() == BottleneckImpl::kExpansion) {
      add_layers<Bottleneck, BottleneckImpl>();
    } else {
      add_layers<BasicBlock, BasicBlockImpl>();
    }
  }

  /// @param images [N, 3, H, W]
  Levels forward(const at::Tensor& images) {
    auto x = bn1_(conv1_(images)).relu_();
    x = at::max_pool2d(x, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1, /*dilation=*/1,
                       /*ceil_mode=*/options_.variant == ResNetVariant::kCaffe);
    const auto low = layer1_->forward(x);
    const auto third = layer3_->forward(layer2_->forward(low));
    return {.low = low, .third = third, .high = layer4_->forward(third)};
  }

  /// Channels of the first layer.
  std::int64_t low_width() const noexcept { return 64 * expansion(); }
  /// Channels of the last layer.
  std::int64_t high_width() const noexcept { return 512 * expansion(); }
  const ResNetOptions& options() const noexcept { return options_; }

 private:
  static std::array<std::int64_t, 4> blocks(std::int64_t depth) {
    switch (depth) {
      case 18:
        return {2, 2, 2, 2};
      case 34:
      case 50:
        return {3, 4, 6, 3};
      case 101:
        return {3, 4, 23, 3};
      default:
        throw UsageError("ResNet: expected depth 18, 34, 50 or 101, got {}", depth);
    }
  }

  std::int64_t expansion() const noexcept {
    return options_.depth < 50 ? BasicBlockImpl::kExpansion : BottleneckImpl::kExpansion;
  }

  template <typename Block, typename BlockImpl>
  void add_layers() {
    const bool fine = options_.output_stride == 8;
    layer1_ = register_module("layer1", torch::nn::Sequential());
    layer2_ = register_module("layer2", torch::nn::Sequential());
    layer3_ = register_module("layer3", torch::nn::Sequential());
    layer4_ = register_module("layer4", torch::nn::Sequential());
    std::int64_t in = 64;
    const auto add = [this, &in](torch::nn::Sequential& layer, std::int64_t count,
                                 std::int64_t width, std::int64_t stride, std::int64_t dilation,
                                 std::int64_t grid) {
      for (std::int64_t i = 0; i < count; ++i) {
        layer->push_back(Block(BlockOptions{.in = in,
                                            .width = width,
                                            .stride = i == 0 ? stride : 1,
                                            .dilation = dilation,
                                            .norm = options_.norm,
                                            .variant = options_.variant}));
        in = width * BlockImpl::kExpansion;
        dilation *= grid;
      }
    };
    add(layer1_, blocks_[0], 64, 1, 1, 1);
    add(layer2_, blocks_[1], 128, 2, 1, 1);
    add(layer3_, blocks_[2], 256, fine ? 1 : 2, fine ? 2 : 1, 1);
    add(layer4_, blocks_[3], 512, 1, fine ? 4 : 2, options_.grid);
  }

  ResNetOptions options_;
  std::array<std::int64_t, 4> blocks_{};
  torch::nn::Conv2d conv1_ = nullptr;
  detail::NormLayer bn1_;
  torch::nn::Sequential layer1_ = nullptr;
  torch::nn::Sequential layer2_ = nullptr;
  torch::nn::Sequential layer3_ = nullptr;
  torch::nn::Sequential layer4_ = nullptr;
};
TORCH_MODULE(ResNet);

}  // namespace cag
