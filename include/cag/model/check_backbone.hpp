#pragma once

#include <cag/detail/backbone_check.hpp>
#include <cag/model/backbone_report.hpp>
#include <cag/model/trainable_backbone.hpp>

namespace cag {

/// Tries what the library expects of a backbone and no compiler can check, on a frozen copy: the
/// network, its mode, gradients and buffers, and LibTorch's CPU generator are left as they are.
/// @param images  [N, C, H, W] as the network takes them, on its device, two or more
template <TrainableBackbone B>
BackboneReport check_backbone(B& net, const at::Tensor& images) {
  TORCH_CHECK_VALUE(images.dim() == 4 && images.size(0) >= 2,
                    "expected images [N, C, H, W], two or more, got ", images.sizes());
  return detail::BackboneCheck<B>(net, images).run();
}

}  // namespace cag
