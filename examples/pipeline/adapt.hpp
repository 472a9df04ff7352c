#pragma once

#include <filesystem>

#include "pipeline/config.hpp"
#include "pipeline/world.hpp"

namespace pipeline {

/// Where an adaptation starts and where it goes.
struct AdaptOptions {
  std::filesystem::path out;
  bool resume = false;  ///< go on with the run at `out`, under its own configuration
};

/// Warm-up, then the stages, into the run directory `out`: config.toml, results.csv,
/// checkpoints/ and networks/stage-N/.
/// @return 0, or 128 + the signal that stopped it, the state saved
int adapt(const Program& program, const Config& config, const AdaptOptions& options);

}  // namespace pipeline
