#pragma once

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include <cag/error.hpp>

namespace cag::detail {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using ImageStream = std::unique_ptr<std::FILE, CloseFile>;

/// A regular file, opened to be read.
/// @throws DataError naming the file
inline ImageStream open_image(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) throw DataError("{}: cannot be opened: {}", path.string(), error.message());
  // Opening a pipe would wait for its writer.
  if (!std::filesystem::is_regular_file(status)) {
    throw DataError("{}: not a file", path.string());
  }
  ImageStream stream(std::fopen(path.c_str(), "rb"));
  if (!stream) {
    throw DataError("{}: cannot be opened: {}", path.string(),
                    std::generic_category().message(errno));
  }
  return stream;
}

}  // namespace cag::detail
