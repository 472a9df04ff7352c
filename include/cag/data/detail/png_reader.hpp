#pragma once

#include <spng.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <cag/data/detail/image_stream.hpp>
#include <cag/error.hpp>

namespace cag::detail {

struct FreePng {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using PngContext = std::unique_ptr<spng_ctx, FreePng>;

/// One PNG file: its header, checked against the limits, then its pixels.
class PngReader {
 public:
  static constexpr std::uint32_t kMaxSide = 16384;
  static constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 28;
  static constexpr std::size_t kMaxChunk = std::size_t{8} << 20;

  PngReader(const PngReader&) = delete;  // libspng keeps the address of stream_
  PngReader& operator=(const PngReader&) = delete;
  explicit PngReader(const std::filesystem::path& path) : path_(path.string()) {
    stream_.file = open_image(path);
    context_.reset(spng_ctx_new(0));
    if (!context_) throw std::bad_alloc();
    check(spng_set_chunk_limits(context_.get(), kMaxChunk, kMaxChunk));
    check(spng_set_crc_action(context_.get(), SPNG_CRC_ERROR, SPNG_CRC_ERROR));
    check(spng_set_png_stream(context_.get(), read_stream, &stream_));
    check(spng_get_ihdr(context_.get(), &header_));
    const std::uint64_t pixels = std::uint64_t{header_.width} * header_.height;
    if (header_.width > kMaxSide || header_.height > kMaxSide || pixels > kMaxPixels) {
      throw DataError("{}: image of {} x {} pixels, above the limit of {} a side and {} in all",
                      path_, header_.width, header_.height, kMaxSide, kMaxPixels);
    }
    // Deflate shrinks at most 1032 to 1: a shorter file is truncated or lies, whatever it holds.
    std::error_code error;
    const std::uint64_t file_size = std::filesystem::file_size(path, error);
    if (!error && decoded_size(SPNG_FMT_PNG) / 1032 > file_size) {
      throw DataError("{}: truncated: {} bytes cannot hold {} x {} pixels", path_, file_size,
                      header_.width, header_.height);
    }
  }

  const spng_ihdr& header() const { return header_; }

  /// Decodes the whole file, which must be sound to its last byte.
  void decode(spng_format format, std::span<std::uint8_t> pixels, int flags = 0) {
    check(spng_decode_image(context_.get(), pixels.data(), pixels.size(), format, flags));
    check(spng_decode_chunks(context_.get()));  // what follows the pixels, to the end marker
    if (stream_.ended) check(SPNG_IO_EOF);      // libspng forgives a cut in the end marker itself
  }

  /// The samples as stored: less than 8 bits packed, 16 bits in the order of this machine.
  std::vector<std::uint8_t> decode_samples() {
    std::vector<std::uint8_t> samples(decoded_size(SPNG_FMT_PNG));
    decode(SPNG_FMT_PNG, samples);
    return samples;
  }

 private:
  struct Stream {
    ImageStream file;
    bool ended = false;  // before all that was asked for
  };

  static int read_stream(spng_ctx*, void* user, void* to, std::size_t size) {
    auto& stream = *static_cast<Stream*>(user);
    if (std::fread(to, 1, size, stream.file.get()) == size) return SPNG_OK;
    if (std::ferror(stream.file.get())) return SPNG_IO_ERROR;
    stream.ended = true;
    return SPNG_IO_EOF;
  }

  std::size_t decoded_size(spng_format format) {
    std::size_t size = 0;
    check(spng_decoded_image_size(context_.get(), format, &size));
    return size;
  }

  void check(int code) const {
    switch (code) {
      case SPNG_OK:
        return;
      case SPNG_EMEM:
        throw std::bad_alloc();
      case SPNG_IO_ERROR:
        throw IoError("{}: cannot be read", path_);
      case SPNG_IO_EOF:
        throw DataError("{}: truncated PNG", path_);
      case SPNG_ESIGNATURE:
        throw DataError("{}: not a PNG", path_);
      case SPNG_ECHUNK_LIMITS:
        throw DataError("{}: PNG with a chunk above the limit of {} bytes", path_, kMaxChunk);
      default:
        throw DataError("{}: damaged PNG: {}", path_, spng_strerror(code));
    }
  }

  std::string path_;
  Stream stream_;
  PngContext context_;
  spng_ihdr header_{};
};

}  // namespace cag::detail
