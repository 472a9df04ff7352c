#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

#include <cag/data/augment/resize.hpp>
#include <cag/data/dataset.hpp>
#include <cag/data/normalisation.hpp>
#include <cag/error.hpp>
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
    std::vector<at::Tensor> images, labels;
    for (auto i = first; i < end; ++i) {
      const auto whole = dataset_.get(i * options_.stride);
      auto sample = whole;
      if (options_.width > 0) {
        cag::Stream unused({});
        sample = cag::augment::Resize{options_.width, options_.height}(whole, unused);
      }
      images.push_back(normalisation_(sample.image));
      if (!images.front().sizes().equals(images.back().sizes()))
        throw cag::DataError("{}: {}x{} beside {}x{} in one batch: set a size in the configuration",
                             sample.name, images.back().size(2), images.back().size(1),
                             images.front().size(2), images.front().size(1));
      if constexpr (cag::SourceDataset<D>)
        labels.push_back(options_.resize_labels ? sample.label : whole.label);
    }
    typename Sample::Batch batch;
    batch.images = at::stack(images).to(options_.device);
    if constexpr (cag::SourceDataset<D>) batch.labels = at::stack(labels).to(options_.device);
    return batch;
  }

 private:
  D dataset_;
  cag::Normalisation normalisation_;
  CleanListOptions options_;
};

}  // namespace pipeline
