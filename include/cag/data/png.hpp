#pragma once

#include <spng.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include <cag/data/colour.hpp>
#include <cag/data/detail/png_ids.hpp>
#include <cag/data/detail/png_opaque.hpp>
#include <cag/data/detail/png_reader.hpp>
#include <cag/data/detail/png_writer.hpp>
#include <cag/data/image_size.hpp>
#include <cag/error.hpp>

/// Images and label maps in PNG files.
///
/// Reading refuses what a damaged or hostile file may hold: more than 16384 pixels a side or 2^28
/// in all (before anything is allocated), ancillary chunks above 8 MiB, a bad checksum anywhere, a
/// file that ends before its end marker. Every refusal is a DataError that begins with the path; a
/// read that the operating system fails is an IoError.
namespace cag::png {

/// The size an image file declares, from its header alone.
inline ImageSize size(const std::filesystem::path& path) {
  const detail::PngReader reader(path);
  return {reader.header().height, reader.header().width};
}

/// Any PNG as colours: grey is replicated, alpha dropped, palettes looked up, 16 bits cut to the
/// upper 8.
/// @return [H, W, 3] uint8
inline at::Tensor read_rgb(const std::filesystem::path& path) {
  detail::PngReader reader(path);
  const auto [width, height] = std::pair(reader.header().width, reader.header().height);
  at::Tensor image = at::empty({height, width, 3}, at::kByte);
  reader.decode(SPNG_FMT_RGB8,
                {image.data_ptr<std::uint8_t>(), static_cast<std::size_t>(image.numel())});
  return image;
}

/// A label file as the ids it stores: grey values of 1 to 16 bits, palette indices (the index is
/// the id, whatever its colour), or the first channel of a 16-bit RGB image (the SYNTHIA layout,
/// whose other channels hold instances).
/// @return [H, W] int32
/// @throws DataError for 8-bit RGB and for any alpha channel: those hold colours, not ids
inline at::Tensor read_label_ids(const std::filesystem::path& path) {
  detail::PngReader reader(path);
  const spng_ihdr& header = reader.header();
  if (detail::has_colours(header) && header.bit_depth == 8) {
    throw DataError("{}: RGB label where ids are expected (8-bit RGB)", path.string());
  }
  if (header.color_type & 4) {  // the alpha bit of the format
    throw DataError("{}: label with an alpha channel where ids are expected", path.string());
  }
  return detail::decode_ids(reader);
}

/// A label file as the colours it stores: 8-bit RGB, a palette's colours, or grey of up to 8 bits
/// as (v, v, v). An alpha channel has to be opaque.
/// @return [H, W, 3] uint8
/// @throws DataError for 16 bits, which are no such colours, and naming the first pixel that is
///   not opaque
inline at::Tensor read_label_colours(const std::filesystem::path& path) {
  detail::PngReader reader(path);
  if (reader.header().bit_depth == 16) {
    throw DataError("{}: label of 16 bits where colours of 8 are expected", path.string());
  }
  return detail::decode_opaque(reader, path.string());
}

/// A label file in the SYNTHIA layout, and nothing else: 16-bit RGB, the ids in the first channel.
/// @return [H, W] int32
/// @throws DataError for any other kind of PNG
inline at::Tensor read_label_ids16(const std::filesystem::path& path) {
  detail::PngReader reader(path);
  const spng_ihdr& header = reader.header();
  if (!detail::has_colours(header) || header.bit_depth != 16) {
    const int channels = header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA   ? 2
                         : header.color_type == SPNG_COLOR_TYPE_TRUECOLOR       ? 3
                         : header.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA ? 4
                                                                                : 1;
    throw DataError("{}: expected a label of 16 bits and 3 channels, got {} bits and {}",
                    path.string(), header.bit_depth, channels);
  }
  return detail::decode_ids(reader);
}

/// `path` never holds half an image: the old file stays until the new one is whole.
/// @param image  [H, W, 3] uint8
/// @throws IoError naming `path`, e.g. when the disk is full
inline void write_rgb(const std::filesystem::path& path, const at::Tensor& image) {
  TORCH_CHECK_VALUE(image.dim() == 3 && image.size(2) == 3 && image.scalar_type() == at::kByte,
                    "expected an image [H, W, 3] uint8, got ", image.sizes(), " ",
                    image.scalar_type());
  detail::write_png(path, image, SPNG_COLOR_TYPE_TRUECOLOR, {});
}

/// Writes values unchanged: as 8-bit grey, or as indices into `palette` when one is given.
/// @param labels  [H, W] uint8
/// @param palette  empty, or at most 256 colours, one for each value that occurs
/// @throws IoError naming `path`, e.g. when the disk is full
inline void write_labels(const std::filesystem::path& path, const at::Tensor& labels,
                         std::span<const Colour> palette = {}) {
  TORCH_CHECK_VALUE(labels.dim() == 2 && labels.scalar_type() == at::kByte,
                    "expected labels [H, W] uint8, got ", labels.sizes(), " ",
                    labels.scalar_type());
  TORCH_CHECK_VALUE(palette.size() <= 256, "expected at most 256 colours, got ", palette.size());
  if (!palette.empty() && labels.numel() > 0) {
    const auto highest = labels.max().item<std::int64_t>();
    TORCH_CHECK_VALUE(highest < static_cast<std::int64_t>(palette.size()), "expected a colour for ",
                      "each label, got label ", highest, " and ", palette.size(), " colours");
  }
  detail::write_png(path, labels,
                    palette.empty() ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_INDEXED, palette);
}

/// Writes ids the way SYNTHIA stores them: 16-bit RGB, the id in the first channel.
/// @param ids  [H, W] int32, 0 to 65535
/// @throws IoError naming `path`, e.g. when the disk is full
inline void write_label_ids16(const std::filesystem::path& path, const at::Tensor& ids) {
  TORCH_CHECK_VALUE(ids.dim() == 2 && ids.scalar_type() == at::kInt,
                    "expected label ids [H, W] int32, got ", ids.sizes(), " ", ids.scalar_type());
  if (ids.numel() > 0) {
    const auto low = ids.min().item<std::int64_t>(), high = ids.max().item<std::int64_t>();
    TORCH_CHECK_VALUE(low >= 0 && high <= 65535, "expected label ids 0 to 65535, got ", low, " to ",
                      high);
  }
  at::Tensor samples = at::zeros({ids.size(0), ids.size(1), 3}, at::kShort);
  samples.select(2, 0).copy_(ids);  // the lower 16 bits, whatever their sign
  detail::write_png(path, samples, SPNG_COLOR_TYPE_TRUECOLOR, {});
}

}  // namespace cag::png
