#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include <cag/data/augment/resize.hpp>
#include <cag/data/collate.hpp>
#include <cag/data/dataset.hpp>
#include <cag/data/normalisation.hpp>
#include <cag/random/stream.hpp>

namespace pipeline {

struct CleanListOptions {
  std::int64_t batch = 4;
  std::int64_t width = 0, height = 0;  ///< 0: as it is
  std::int64_t stride = 1;
  at::Device device{at::kCPU};
};

/// Every `stride`-th image of a data set once, as it is but for a fixed resize, in batches: a
/// cag::BatchList. An image that would be alone at the end joins the batch before, for batch norm
/// may need two.
template <cag::Dataset D>
class CleanList {
 public:
  using Sample = cag::SampleOf<D>;

  /// Images and labels resized, and the labels of each image at its own size.
  struct Whole {
    typename Sample::Batch batch;
    std::vector<at::Tensor> truths;  ///< [H, W] int64
  };

  CleanList(D dataset, cag::Normalisation normalisation, CleanListOptions options)
      : dataset_(std::move(dataset)), normalisation_(normalisation), options_(options) {}

  std::int64_t size() const {
    const auto alone = options_.batch > 1 && images() > 1 && images() % options_.batch == 1;
    return (images() + options_.batch - 1) / options_.batch - (alone ? 1 : 0);
  }
  std::int64_t images() const { return (dataset_.size() + options_.stride - 1) / options_.stride; }

  typename Sample::Batch batch(std::int64_t number) const { return whole(number).batch; }

  Whole whole(std::int64_t number) const {
    const auto first = number * options_.batch;
    return range(first, number + 1 == size() ? images() : first + options_.batch);
  }

  /// A batch of image `i` alone.
  typename Sample::Batch alone(std::int64_t i) const { return range(i, i + 1).batch; }

 private:
  Whole range(std::int64_t first, std::int64_t end) const {
    std::vector<Sample> samples;
    std::vector<at::Tensor> truths;
    for (auto i = first; i < end; ++i) {
      auto sample = dataset_.get(i * options_.stride);
      if constexpr (cag::SourceDataset<D>) truths.push_back(sample.label.to(options_.device));
      if (options_.width > 0) {
        cag::Stream unused({});
        sample = cag::augment::Resize{options_.width, options_.height}(sample, unused);
      }
      samples.push_back(std::move(sample));
    }
    auto batch = cag::collate<Sample>(samples, normalisation_);
    batch.images = batch.images.to(options_.device);
    if constexpr (cag::SourceDataset<D>) batch.labels = batch.labels.to(options_.device);
    return {std::move(batch), std::move(truths)};
  }

  D dataset_;
  cag::Normalisation normalisation_;
  CleanListOptions options_;
};

}  // namespace pipeline
