#pragma once

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>

#include <cag/data/detail/image_stream.hpp>
#include <cag/error.hpp>

namespace cag::detail {

enum class ImageKind { kPng, kJpeg, kOther };

/// By the first bytes.
/// @throws DataError naming a file that cannot be opened; IoError, read
inline ImageKind kind_of(const std::filesystem::path& path) {
  const ImageStream stream = open_image(path);
  std::array<char, 4> bytes{};
  const std::string_view begin(bytes.data(),
                               std::fread(bytes.data(), 1, bytes.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) throw IoError("{}: {}", path.string(), std::strerror(errno));
  if (begin == "\x89PNG") return ImageKind::kPng;
  return begin.starts_with("\xff\xd8") ? ImageKind::kJpeg : ImageKind::kOther;
}

/// @throws DataError naming a file that is neither
inline ImageKind expect_image(const std::filesystem::path& path) {
  const ImageKind kind = kind_of(path);
  if (kind == ImageKind::kOther) throw DataError("{}: neither a PNG nor a JPEG", path.string());
  return kind;
}

}  // namespace cag::detail
