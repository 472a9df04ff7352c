#pragma once

#include <cstdint>
#include <utility>

#include <cag/data/augment/colour_jitter.hpp>
#include <cag/data/augment/horizontal_flip.hpp>
#include <cag/data/augment/random_rescaled_crop.hpp>
#include <cag/data/augment/resize.hpp>
#include <cag/data/loader.hpp>
#include <cag/random/stream.hpp>

#include "pipeline/config.hpp"
#include "pipeline/dataset.hpp"
#include "pipeline/device.hpp"
#include "pipeline/domain.hpp"
#include "pipeline/world.hpp"

namespace pipeline {

/// The configured augmentation: resize, random rescale, crop, flip and colour, each where it is on.
class ConfiguredAugmentation {
 public:
  ConfiguredAugmentation(const Config::Augmentation& config, Domain domain)
      : resize_(domain == Domain::kSource
                    ? cag::augment::Resize{config.source_width, config.source_height}
                    : cag::augment::Resize{config.target_width, config.target_height}),
        rescale_{config.base_width, config.ratio_low, config.ratio_high},
        crop_{config.crop_width, config.crop_height},
        flip_{config.flip},
        jitter_{config.brightness, config.contrast} {}

  template <cag::Sample S>
  S operator()(S sample, cag::Stream& stream) const {
    if (resize_.width > 0) sample = resize_(std::move(sample), stream);
    if (rescale_.base_width > 0 && crop_.width > 0) {
      sample = cag::augment::RandomRescaledCrop{rescale_, crop_}(std::move(sample), stream);
    } else if (rescale_.base_width > 0) {
      sample = rescale_(std::move(sample), stream);
    } else if (crop_.width > 0) {
      sample = crop_(std::move(sample), stream);
    }
    return jitter_(flip_(std::move(sample), stream), stream);
  }

 private:
  cag::augment::Resize resize_;
  cag::augment::RandomRescale rescale_;
  cag::augment::RandomCrop crop_;
  cag::augment::HorizontalFlip flip_;
  cag::augment::ColourJitter jitter_;
};

/// The training batches of a domain on the configured device: a cag::BatchSource.
template <cag::Dataset D>
class TrainingBatches {
 public:
  TrainingBatches(D dataset, const Config& config, Domain domain)
      : loader_(std::move(dataset), ConfiguredAugmentation(config.augmentation, domain),
                cag::LoaderOptions{
                    .batch = config.run.batch,
                    .seed = static_cast<std::uint64_t>(config.run.seed),
                    .domain = cag::purpose(domain == Domain::kSource ? "source" : "target"),
                    .workers = static_cast<int>(config.data.workers),
                    .normalisation = normalisation_of(config)}),
        device_(device_of(config.run.device)) {}

  auto batch(std::int64_t number) {
    auto batch = loader_.batch(number);
    batch.images = batch.images.to(device_);
    if constexpr (cag::SourceDataset<D>) batch.labels = batch.labels.to(device_);
    return batch;
  }

 private:
  cag::Loader<D, ConfiguredAugmentation> loader_;
  at::Device device_;
};

template <cag::Dataset D>
TrainingBatches<D> training_batches(D dataset, const Config& config, Domain domain) {
  return {std::move(dataset), config, domain};
}

}  // namespace pipeline
