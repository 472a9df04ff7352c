#pragma once

#include <turbojpeg.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <cag/data/detail/image_stream.hpp>
#include <cag/data/image_size.hpp>
#include <cag/error.hpp>

namespace cag::detail {

struct DestroyJpeg {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using JpegHandle = std::unique_ptr<std::remove_pointer_t<tjhandle>, DestroyJpeg>;

/// One JPEG in memory: its header, checked against the limits, then its pixels.
class JpegReader {
 public:
  static constexpr std::int64_t kMaxSide = 16384;
  static constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;
  static constexpr std::size_t kMaxFile = std::size_t{1} << 29;

  explicit JpegReader(const std::filesystem::path& path)
      : JpegReader(bytes_of(path), path.string()) {}

  /// @param name  stands for the file in errors
  JpegReader(std::vector<std::uint8_t> bytes, std::string name)
      : name_(std::move(name)), bytes_(std::move(bytes)), handle_(tjInitDecompress()) {
    if (!handle_) throw std::bad_alloc();
    if (bytes_.size() < 3 || bytes_[0] != 0xff || bytes_[1] != 0xd8 || bytes_[2] != 0xff) {
      throw DataError("{}: not a JPEG", name_);
    }
    int width = 0, height = 0, subsampling = 0, colours = 0;
    check(tjDecompressHeader3(handle_.get(), bytes_.data(), bytes_.size(), &width, &height,
                              &subsampling, &colours));
    if (width < 1 || height < 1) throw DataError("{}: truncated JPEG", name_);
    size_ = {height, width};
    if (width > kMaxSide || height > kMaxSide || pixels() > kMaxPixels) {
      throw DataError("{}: image of {} x {} pixels, above the limit of {} a side and {} in all",
                      name_, width, height, kMaxSide, kMaxPixels);
    }
    if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
      throw DataError(
          "{}: JPEG in {}, for print: expected RGB, YCbCr or grey; convert it with the profile "
          "that it was made for",
          name_, colours == TJCS_CMYK ? "CMYK" : "YCCK");
    }
    // A block of 64 samples takes a bit at least, in one channel of full resolution.
    if (pixels() / 512 > std::ssize(bytes_)) {
      throw DataError("{}: truncated: {} bytes cannot hold {} x {} pixels", name_, bytes_.size(),
                      width, height);
    }
  }

  ImageSize size() const { return size_; }

  /// Decodes the whole file into [H, W, 3], which must be sound to its end marker.
  void decode(std::span<std::uint8_t> rgb) {
    check(tjDecompress2(handle_.get(), bytes_.data(), bytes_.size(), rgb.data(),
                        static_cast<int>(size_.width), 0, static_cast<int>(size_.height), TJPF_RGB,
                        TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS));
  }

 private:
  static std::vector<std::uint8_t> bytes_of(const std::filesystem::path& path) {
    const ImageStream stream = open_image(path);
    std::vector<std::uint8_t> bytes;
    std::size_t got = 0;
    do {
      constexpr std::size_t kPiece = std::size_t{1} << 18;
      const std::size_t old = bytes.size();
      bytes.resize(old + kPiece);
      got = std::fread(bytes.data() + old, 1, kPiece, stream.get());
      bytes.resize(old + got);
      if (std::ferror(stream.get())) throw IoError("{}: cannot be read", path.string());
      if (bytes.size() > kMaxFile) {
        throw DataError("{}: JPEG above the limit of {} bytes", path.string(), kMaxFile);
      }
    } while (got > 0);
    return bytes;
  }

  std::int64_t pixels() const { return size_.height * size_.width; }

  void check(int code) const {
    if (code == 0) return;
    const std::string_view reason = tjGetErrorStr2(handle_.get());
    if (reason.starts_with("Insufficient memory")) throw std::bad_alloc();
    if (reason.starts_with("Premature end")) throw DataError("{}: truncated JPEG", name_);
    throw DataError("{}: damaged JPEG: {}", name_, reason);
  }

  std::string name_;
  std::vector<std::uint8_t> bytes_;
  JpegHandle handle_;
  ImageSize size_;
};

}  // namespace cag::detail
