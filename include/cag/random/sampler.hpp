#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <cag/error.hpp>
#include <cag/random/stream.hpp>

namespace cag {

/// One drawn sample: which image, and in which pass over the data.
struct Draw {
  std::int64_t epoch = 0;  ///< the pass, from 0
  std::int64_t index = 0;  ///< of the sample
  friend bool operator==(const Draw&, const Draw&) = default;
};

/// Which samples make up the batch of a step, as a pure function of the step: the state of a run is
/// its step number, and a resumed run draws what the uninterrupted one would have drawn.
///
/// Each epoch visits a fresh permutation in floor(size / batch) full batches; the size % batch
/// samples left at its end are dropped for that epoch, as in the published implementation.
class Sampler {
 public:
  /// @param purpose  tells samplers of one run apart, e.g. cag::purpose("source")
  /// @throws UsageError unless 1 <= batch <= size
  Sampler(std::int64_t size, std::int64_t batch, std::uint64_t seed, std::uint64_t purpose)
      : size_(size), batch_(batch), seed_(seed), purpose_(purpose) {
    if (batch < 1) throw UsageError("expected a batch of at least 1 sample, got {}", batch);
    if (size < batch) {
      throw UsageError("expected at least one full batch of {}, got {} samples", batch, size);
    }
  }

  /// The draws of `step`, counted from 0 over all epochs.
  std::vector<Draw> batch(std::int64_t step) const {
    if (step < 0) throw UsageError("expected a step of at least 0, got {}", step);
    const std::int64_t epoch = step / batches_per_epoch();
    const std::int64_t first = step % batches_per_epoch() * batch_;
    const std::vector<std::int64_t> order = permutation(epoch);
    std::vector<Draw> draws;
    draws.reserve(static_cast<std::size_t>(batch_));
    for (std::int64_t i = first; i < first + batch_; ++i) {
      draws.push_back({epoch, order[static_cast<std::size_t>(i)]});
    }
    return draws;
  }

  /// The order of all samples in an epoch (Fisher-Yates), before the rest is dropped.
  std::vector<std::int64_t> permutation(std::int64_t epoch) const {
    std::vector<std::int64_t> order(static_cast<std::size_t>(size_));
    std::iota(order.begin(), order.end(), 0);
    Stream stream({seed_, purpose_, static_cast<std::uint64_t>(epoch), 0});
    for (std::int64_t i = size_ - 1; i > 0; --i) {
      std::swap(order[static_cast<std::size_t>(i)],
                order[static_cast<std::size_t>(stream.below(i + 1))]);
    }
    return order;
  }

  std::int64_t size() const { return size_; }
  /// Samples in a batch.
  std::int64_t batch_size() const { return batch_; }
  /// Full batches in a pass over the data.
  std::int64_t batches_per_epoch() const { return size_ / batch_; }

 private:
  std::int64_t size_;
  std::int64_t batch_;
  std::uint64_t seed_;
  std::uint64_t purpose_;
};

}  // namespace cag
