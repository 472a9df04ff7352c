#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

#include <cag/data/detail/image_kind.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/jpeg.hpp>
#include <cag/data/png.hpp>

/// Images in files of either kind, PNG or JPEG. Which it is, the first bytes tell, not the name.
namespace cag::image_file {

/// Whether a file begins as a JPEG does.
/// @throws DataError naming a file that cannot be opened
inline bool is_jpeg(const std::filesystem::path& path) {
  return detail::kind_of(path) == detail::ImageKind::kJpeg;
}

/// @throws DataError for a file of neither kind; DataError, IoError as png::size and jpeg::size do
inline ImageSize size(const std::filesystem::path& path) {
  return detail::expect_image(path) == detail::ImageKind::kJpeg ? jpeg::size(path)
                                                                : png::size(path);
}

/// @return [H, W, 3] uint8
/// @throws DataError for a file of neither kind; DataError, IoError as png::read_rgb and
///   jpeg::read_rgb do
inline at::Tensor read_rgb(const std::filesystem::path& path) {
  return detail::expect_image(path) == detail::ImageKind::kJpeg ? jpeg::read_rgb(path)
                                                                : png::read_rgb(path);
}

}  // namespace cag::image_file
