#pragma once

#include "pipeline/config.hpp"
#include "pipeline/world.hpp"

namespace pipeline {

/// Reads every image and label file that a run would read, and prints what it holds: image sizes,
/// label values, categories. Of the target's training split it reads the images alone.
/// All problems of all files are listed, up to the first 20 in full.
/// @return 0, or cag::Fault::kData where something is wrong
/// @throws cag::DataError for a category that the label tables lack
int check_data(const Program& program, const Config& config);

}  // namespace pipeline
