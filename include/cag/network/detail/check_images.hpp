#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

namespace cag::detail {

/// Throws c10::ValueError unless `images` is a non-empty floating-point [N, 3, H, W].
inline void check_images(const at::Tensor& images) {
  TORCH_CHECK_VALUE(images.defined(), "expected images [N, 3, H, W], got an undefined tensor");
  TORCH_CHECK_VALUE(images.dim() == 4 && images.size(1) == 3 && images.numel() > 0,
                    "expected images [N, 3, H, W] with N, H, W >= 1, got ", images.sizes());
  TORCH_CHECK_VALUE(images.is_floating_point(), "expected floating-point images, got ",
                    images.scalar_type(), " ", images.sizes());
}

}  // namespace cag::detail
