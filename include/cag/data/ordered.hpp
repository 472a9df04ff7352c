#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <cag/data/collate.hpp>
#include <cag/data/dataset.hpp>
#include <cag/data/normalisation.hpp>
#include <cag/error.hpp>

namespace cag {

/// Every sample once, in order and whole: for evaluation and statistics.
/// `for (std::int64_t i = 0; i < ordered.size(); ++i) use(ordered.batch(i));`
template <Dataset D>
class Ordered {
 public:
  using Batch = typename SampleOf<D>::Batch;

  /// @param batch  samples in a batch; the last one may hold fewer. More than one needs images of
  ///   one size.
  explicit Ordered(D dataset, Normalisation normalisation = {}, std::int64_t batch = 1)
      : dataset_(std::move(dataset)), normalisation_(normalisation), batch_(batch) {
    normalisation_.check();
    if (batch < 1) throw UsageError("expected a batch of at least 1 sample, got {}", batch);
  }

  /// The number of batches.
  std::int64_t size() const { return (dataset_.size() + batch_ - 1) / batch_; }

  Batch batch(std::int64_t i) const {
    TORCH_CHECK_INDEX(i >= 0 && i < size(), "expected a batch below ", size(), ", got ", i);
    std::vector<SampleOf<D>> samples;
    for (std::int64_t n = i * batch_; n < end(i); ++n) samples.push_back(dataset_.get(n));
    return collate<SampleOf<D>>(samples, normalisation_);
  }

  /// The names of the samples of batch `i`.
  std::vector<std::string> names(std::int64_t i) const {
    std::vector<std::string> names;
    for (std::int64_t n = i * batch_; n < end(i); ++n) names.push_back(dataset_.name(n));
    return names;
  }

 private:
  std::int64_t end(std::int64_t i) const { return std::min((i + 1) * batch_, dataset_.size()); }

  D dataset_;
  Normalisation normalisation_;
  std::int64_t batch_;
};

}  // namespace cag
