#pragma once

#include <c10/util/Exception.h>

#include <cstdint>
#include <exception>
#include <new>
#include <utility>
#include <vector>

#include <cag/data/augment/augmentation.hpp>
#include <cag/data/augment/chain.hpp>
#include <cag/data/collate.hpp>
#include <cag/data/dataset.hpp>
#include <cag/data/detail/prefetcher.hpp>
#include <cag/data/loader_options.hpp>
#include <cag/error.hpp>
#include <cag/random/sampler.hpp>
#include <cag/random/stream.hpp>

namespace cag {

/// Shuffled, augmented batches by step. The batch of a step depends on the data set, the
/// augmentation, and the options' batch, seed, domain and normalisation: never on the number of
/// workers or on what was asked for before. So a run resumes by asking for its next step.
///
/// @tparam D  Dataset: a SourceDataset gives LabelledBatch, a TargetDataset UnlabelledBatch
/// @tparam A  Augmentation, see docs/policies/augmentation.md
template <Dataset D, Augmentation A = augment::None>
class Loader {
 public:
  using Batch = typename SampleOf<D>::Batch;

  /// @throws UsageError for options out of range, or fewer samples than one batch
  explicit Loader(D dataset, A augmentation = A(), LoaderOptions options = {})
      : dataset_(std::move(dataset)),
        augmentation_(std::move(augmentation)),
        options_(checked(options)),
        sampler_(dataset_.size(), options_.batch, options_.seed, options_.domain),
        prefetcher_([this](std::int64_t step) { return make(step); }, options_.workers,
                    options_.ahead) {}

  /// The batch of `step`, counted from 0. Consecutive steps are read ahead; any other step may be
  /// asked for at the price of waiting for it. For one calling thread.
  /// @throws what reading or augmenting a sample threw, naming the file; asking again tries again
  Batch batch(std::int64_t step) {
    if (step < 0) throw UsageError("expected a step of at least 0, got {}", step);
    return prefetcher_.get(step);
  }

  /// Full batches in a pass over the data.
  std::int64_t batches_per_epoch() const { return sampler_.batches_per_epoch(); }
  /// What it reads.
  const D& dataset() const { return dataset_; }

 private:
  static LoaderOptions checked(const LoaderOptions& options) {
    options.check();
    return options;
  }

  Batch make(std::int64_t step) const {
    std::vector<SampleOf<D>> samples;
    for (const Draw& draw : sampler_.batch(step)) samples.push_back(sample(draw));
    return collate<SampleOf<D>>(samples, options_.normalisation);
  }

  SampleOf<D> sample(const Draw& draw) const try {
    Stream stream({.seed = options_.seed,
                   .purpose = options_.domain ^ purpose("augment"),
                   .epoch = static_cast<std::uint64_t>(draw.epoch),
                   .index = static_cast<std::uint64_t>(draw.index)});
    return augmentation_(dataset_.get(draw.index), stream);
  } catch (const Error&) {
    throw;  // names the file, or an option
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const c10::Error& error) {
    throw DataError("{}: {}", dataset_.name(draw.index), error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw DataError("{}: {}", dataset_.name(draw.index), error.what());
  }

  D dataset_;
  A augmentation_;
  LoaderOptions options_;
  Sampler sampler_;
  detail::Prefetcher<Batch> prefetcher_;
};

}  // namespace cag
