#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "pipeline/world.hpp"

namespace pipeline {

struct PredictOptions {
  std::filesystem::path network;       ///< RUN/networks/stage-N
  std::filesystem::path config;        ///< of categories that it describes; empty: its run's
  std::filesystem::path images;        ///< searched for PNG and JPEG files, with all folders below
  std::filesystem::path out;           ///< made where it is not there
  std::filesystem::path statistics;    ///< re-estimate batch norm on these; empty: do not
  std::int64_t width = 0, height = 0;  ///< input size, 0: as the images are
  std::string device = "cpu";
};

/// Writes for each image IMAGES/NAME.png or .jpg, at its own size:
///   OUT/ids/NAME.png      the id of each pixel's category: Cityscapes' label id, or the category's
///                         number where the configuration describes them
///   OUT/colour/NAME.png   the colour of each pixel's category
///   OUT/overlay/NAME.png  that colour half over the image
/// NAME keeps the folders below IMAGES. Pictures of an earlier run are replaced; OUT itself is not
/// searched where it lies in IMAGES.
/// @throws cag::UsageError, cag::DataError, cag::CheckpointError, cag::IoError
void predict(const Program& program, const PredictOptions& options);

}  // namespace pipeline
