#pragma once

#include <cstdint>

namespace cag {

/// Two conventions of ResNets, whose weights have the same names and shapes but not the same
/// meaning.
enum class ResNetVariant : std::uint8_t {
  kTorchvision,  ///< the 3 x 3 convolution of a bottleneck carries the stride
  kCaffe,        ///< the first 1 x 1 does, and the pooling rounds up: weights of DeepLabV2 networks
};

}  // namespace cag
