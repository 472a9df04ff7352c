#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include <cag/data/image_size.hpp>

#include "streets/style.hpp"

namespace streets {

/// The folders and label files of a public data set.
enum class Layout {
  kGta5,        ///< {images,labels}/NNNNN.png, Cityscapes ids
  kSynthia,     ///< RGB/NNNNNNN.png, GT/LABELS/NNNNNNN.png: 16 bits, SYNTHIA's ids
  kCityscapes,  ///< {leftImg8bit,gtFine}/{train,val}/streets/streets_000000_NNNNNN_*.png
};

/// By name: gta5, synthia or cityscapes. @throws cag::UsageError
Layout layout_by_name(std::string_view name);

/// What to draw. Equal values give equal files on one machine, whatever the number of workers;
/// another compiler or processor may draw other details.
struct DataSet {
  Layout layout = Layout::kGta5;
  Style style;
  cag::ImageSize size{.height = 128, .width = 256};
  std::int64_t images = 200;
  std::int64_t validation = 0;  ///< images of Cityscapes' val split
  std::uint64_t seed = 0;
  int samples = 2;  ///< rays for each pixel, each way
  int workers = 0;  ///< threads; 0: one for each core

  /// Called from the workers, one at a time: images done, images in all.
  std::function<void(std::int64_t, std::int64_t)> progress{};
};

/// Draws the images into the folder `out`, which appears when it is whole and says in its file
/// streets.txt what was drawn.
/// @return false where `out` holds this very data set already, all of its files
/// @throws cag::UsageError for values out of range and where `out` is anything else; cag::IoError
bool draw(const DataSet& data_set, const std::filesystem::path& out);

}  // namespace streets
