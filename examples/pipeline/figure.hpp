#pragma once

#include <cstdint>
#include <filesystem>

#include "pipeline/world.hpp"

namespace pipeline {

struct FigureOptions {
  std::filesystem::path run;  ///< of adapt, with at least one stage of self-training
  std::filesystem::path out;  ///< the PNG file to write
  std::int64_t rows = 4;
};

/// Writes one picture of a run. In each row: a source image and its labels, a target image, the
/// warm-up network's labels of it, the pseudo-labels of stage 1 (black where inactive), the last
/// network's labels.
/// @throws cag::UsageError, cag::DataError, cag::CheckpointError, cag::IoError
void figure(const Program& program, const FigureOptions& options);

}  // namespace pipeline
