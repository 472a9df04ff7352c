#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace pipeline {

struct PredictOptions {
  std::filesystem::path network;       ///< RUN/networks/stage-N
  std::filesystem::path images;        ///< searched for *.png with all folders below it
  std::filesystem::path out;           ///< made where it is not there
  std::filesystem::path statistics;    ///< re-estimate batch norm on these *.png; empty: do not
  std::int64_t width = 0, height = 0;  ///< input size, 0: as the images are
  std::string device = "cpu";
};

/// Writes for each image IMAGES/NAME.png, at its own size:
///   OUT/ids/NAME.png      the Cityscapes label id of each pixel's category
///   OUT/colour/NAME.png   the colour of each pixel's category
///   OUT/overlay/NAME.png  that colour half over the image
/// NAME keeps the folders below IMAGES. Pictures of an earlier run are replaced; OUT itself is not
/// searched where it lies in IMAGES.
/// @throws cag::UsageError, cag::DataError, cag::CheckpointError, cag::IoError
void predict(const PredictOptions& options);

}  // namespace pipeline
