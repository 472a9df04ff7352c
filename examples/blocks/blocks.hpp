#pragma once

#include <cstdint>
#include <filesystem>

#include <cag/data/image_size.hpp>

namespace blocks {

struct Options {
  std::int64_t images = 48;  ///< of the source; as many of the target, and a quarter to evaluate
  cag::ImageSize size{.height = 96, .width = 192};
  std::uint64_t seed = 0;
};

/// Draws two data sets of streets that differ in style alone, clean and at dusk, into the new
/// folder `out`, which appears when it is whole:
///   gta5/{images,labels}/NNNNN.png
///   cityscapes/{leftImg8bit,gtFine}/{train,val}/blocks/blocks_000000_NNNNNN_*.png
/// No scene occurs twice.
/// @throws cag::UsageError for a size outside 32 to 4096, a number of images outside 2 to 99999, or
///   where `out` exists; cag::IoError
void generate(const Options& options, const std::filesystem::path& out);

}  // namespace blocks
