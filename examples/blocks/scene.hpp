#pragma once

#include <ATen/core/Tensor.h>

#include <cag/data/image_size.hpp>
#include <cag/random/stream.hpp>

namespace blocks {

/// A picture and what each of its pixels shows.
struct Scene {
  at::Tensor image;  ///< [H, W, 3] uint8
  at::Tensor ids;    ///< [H, W] uint8, Cityscapes label ids

  /// A street of flat shapes, laid out at random.
  static Scene draw(cag::ImageSize size, cag::Stream& stream);
};

}  // namespace blocks
