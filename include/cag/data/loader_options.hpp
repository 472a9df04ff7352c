#pragma once

#include <cstdint>

#include <cag/data/normalisation.hpp>
#include <cag/error.hpp>

namespace cag {

/// How a Loader makes batches.
struct LoaderOptions {
  std::int64_t batch = 4;
  std::uint64_t seed = 0;    ///< of the run: order and augmentation follow from it
  std::uint64_t domain = 0;  ///< tells the loaders of a run apart: purpose("source"), ...
  int workers = 2;           ///< threads that read ahead; 0 reads in the calling thread
  std::int64_t ahead = 4;    ///< batches held in memory beyond the one asked for
  Normalisation normalisation = {};

  /// @throws UsageError naming the first option out of range
  void check() const {
    if (workers < 0) throw UsageError("expected at least 0 workers, got {}", workers);
    if (ahead < 0) throw UsageError("expected at least 0 batches ahead, got {}", ahead);
    normalisation.check();
  }
};

}  // namespace cag
