#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>

#include <cag/error.hpp>

namespace cag::detail {

/// Writes `bytes` beside `path` and renames them into place: whoever opens `path` finds the old
/// file or the whole new one. Not synchronised to the disk: for results that can be made again.
/// @throws IoError naming `path`; then `path` is as it was
inline void write_aside(const std::filesystem::path& path, std::span<const unsigned char> bytes) {
  const std::string aside = path.string() + ".writing-" + std::to_string(::getpid());
  const auto fail = [&](const char* what) {
    const std::string reason = std::generic_category().message(errno);
    std::error_code ignored;
    std::filesystem::remove(aside, ignored);
    throw IoError("{}: cannot {}: {}", path.string(), what, reason);
  };
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file(std::fopen(aside.c_str(), "wbx"));
  if (!file) fail("be created");
  if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) fail("be written");
  // A full disk may show only when the last buffer is flushed or the file is closed.
  if (std::fclose(file.release()) != 0) fail("be written");
  if (std::rename(aside.c_str(), path.c_str()) != 0) fail("be replaced");
}

}  // namespace cag::detail
