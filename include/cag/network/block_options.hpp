#pragma once

#include <cstdint>

#include <cag/network/norm.hpp>
#include <cag/network/resnet_variant.hpp>

namespace cag {

/// Of a residual block.
struct BlockOptions {
  std::int64_t in = 64;
  std::int64_t width = 64;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  Norm norm = Norm::kBatch;
  ResNetVariant variant = ResNetVariant::kTorchvision;
};

}  // namespace cag
