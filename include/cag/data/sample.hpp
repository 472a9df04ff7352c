#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <string>

#include <cag/data/batch.hpp>

namespace cag {

/// A source-domain image with its truth. Tensors are shared, not owned: a sample is never changed
/// in place, each operation gives new tensors.
struct LabelledSample {
  using Batch = LabelledBatch;
  at::Tensor image;  ///< [H, W, 3] uint8
  at::Tensor label;  ///< [H, W] int64 category, kIgnoreIndex where there is none
  std::string name;
};

/// A target-domain image. There is no label member: target truth cannot reach adaptation.
struct UnlabelledSample {
  using Batch = UnlabelledBatch;
  at::Tensor image;  ///< [H, W, 3] uint8
  std::string name;
};

/// An image of either domain.
template <typename S>
concept Sample = std::same_as<S, LabelledSample> || std::same_as<S, UnlabelledSample>;

}  // namespace cag
