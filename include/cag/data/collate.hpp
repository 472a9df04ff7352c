#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <concepts>
#include <cstdint>
#include <span>

#include <cag/data/batch.hpp>
#include <cag/data/normalisation.hpp>
#include <cag/data/sample.hpp>
#include <cag/error.hpp>

namespace cag {

/// One batch of samples that have one size: a LabelledBatch or an UnlabelledBatch, by their kind.
/// @throws DataError naming two samples whose sizes differ
template <Sample S>
typename S::Batch collate(std::span<const S> samples, const Normalisation& normalisation) {
  TORCH_CHECK_VALUE(!samples.empty(), "expected samples to batch, got none");
  const S& first = samples.front();
  for (const S& sample : samples) {
    const at::Tensor& image = sample.image;
    TORCH_CHECK_VALUE(image.dim() == 3 && image.size(2) == 3 && image.scalar_type() == at::kByte,
                      sample.name, ": expected an image [H, W, 3] uint8, got ", image.sizes(), " ",
                      image.scalar_type());
    if (image.sizes() != first.image.sizes()) {
      throw DataError(
          "{} is {} x {} pixels, {} is {} x {}: images of a batch have one size, add a crop or a "
          "resize",
          first.name, first.image.size(1), first.image.size(0), sample.name, image.size(1),
          image.size(0));
    }
  }
  const auto count = std::ssize(samples);
  const std::int64_t height = first.image.size(0);
  const std::int64_t width = first.image.size(1);
  typename S::Batch batch{};
  batch.images = at::empty({count, 3, height, width}, at::kFloat);
  const auto volume = static_cast<std::size_t>(3 * height * width);
  for (std::int64_t n = 0; n < count; ++n) {
    float* place = batch.images.template mutable_data_ptr<float>();
    normalisation.write(samples[static_cast<std::size_t>(n)].image,
                        {place + static_cast<std::size_t>(n) * volume, volume});
  }
  if constexpr (std::same_as<S, LabelledSample>) {
    batch.labels = at::empty({count, height, width}, at::kLong);
    for (std::int64_t n = 0; n < count; ++n) {
      const S& sample = samples[static_cast<std::size_t>(n)];
      TORCH_CHECK_VALUE(sample.label.sizes() == batch.labels[n].sizes(), sample.name,
                        ": expected a label of the image's size ", batch.labels[n].sizes(),
                        ", got ", sample.label.sizes());
      batch.labels[n].copy_(sample.label);
    }
  }
  return batch;
}

}  // namespace cag
