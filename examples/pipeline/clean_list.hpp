#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

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
  bool resize_labels = true;  ///< false: truth keeps its own size, as for evaluation
  at::Device device{at::kCPU};
};

/// Every `stride`-th image of a data set once, as it is but for a fixed resize, in batches: a
/// cag::BatchList.
template <cag::Dataset D>
class CleanList {
 public:
  using Sample = cag::SampleOf<D>;

  CleanList(D dataset, cag::Normalisation normalisation, CleanListOptions options)
      : dataset_(std::move(dataset)), normalisation_(normalisation), options_(options) {}

  std::int64_t size() const { return (images() + options_.batch - 1) / options_.batch; }
  std::int64_t images() const { return (dataset_.size() + options_.stride - 1) / options_.stride; }

  typename Sample::Batch batch(std::int64_t number) const {
    const auto first = number * options_.batch;
    const auto end = std::min(first + options_.batch, images());
    std::vector<Sample> samples;
    std::vector<at::Tensor> truths;
    for (auto i = first; i < end; ++i) {
      auto sample = dataset_.get(i * options_.stride);
      if constexpr (cag::SourceDataset<D>) truths.push_back(sample.label);
      if (options_.width > 0) {
        cag::Stream unused({});
        sample = cag::augment::Resize{options_.width, options_.height}(sample, unused);
      }
      samples.push_back(std::move(sample));
    }
    auto batch = cag::collate<Sample>(samples, normalisation_);
    batch.images = batch.images.to(options_.device);
    if constexpr (cag::SourceDataset<D>) {
      if (!options_.resize_labels) batch.labels = at::stack(truths);
      batch.labels = batch.labels.to(options_.device);
    }
    return batch;
  }

 private:
  D dataset_;
  cag::Normalisation normalisation_;
  CleanListOptions options_;
};

}  // namespace pipeline
