#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include <cag/data/detail/jpeg_reader.hpp>
#include <cag/data/image_size.hpp>

/// Images in JPEG files. Labels are never JPEG: what it changes in a colour is another label.
///
/// Reading refuses what a damaged or hostile file may hold: more than 16384 pixels a side or 2^28
/// in all (before anything is allocated), more than 512 MiB or 500 scans, a file that ends before
/// its end marker, and everything that libjpeg-turbo warns of. What follows the end marker is not
/// looked at: cameras put previews there. Every refusal is a DataError that begins with the path; a
/// read that the operating system fails is an IoError.
///
/// Pixels are given as they are stored. An orientation that a camera noted beside them (Exif) is
/// not applied, for label files are drawn over the stored pixels.
namespace cag::jpeg {

/// The size of the stored image.
inline ImageSize size(const std::filesystem::path& path) { return detail::JpegReader(path).size(); }

/// RGB, YCbCr or grey as colours: grey is replicated.
/// @return [H, W, 3] uint8
/// @throws DataError also for CMYK and YCCK, whose colours depend on a printer
inline at::Tensor read_rgb(const std::filesystem::path& path) {
  detail::JpegReader reader(path);
  at::Tensor image = at::empty({reader.size().height, reader.size().width, 3}, at::kByte);
  reader.decode({image.data_ptr<std::uint8_t>(), static_cast<std::size_t>(image.numel())});
  return image;
}

}  // namespace cag::jpeg
