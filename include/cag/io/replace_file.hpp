#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include <cag/detail/aside.hpp>
#include <cag/io/file_system.hpp>

namespace cag {

/// Makes `path` a file of these bytes, one piece after another, durably. After any failure or
/// crash `path` holds the old bytes or the new ones. Throws IoError.
template <FileSystem Fs = PosixFs>
void replace_file(const std::filesystem::path& path, std::span<const std::string_view> pieces,
                  Fs fs = {}) {
  const detail::Aside aside(path);
  const auto fresh = aside.fresh();
  try {
    fs.write_file(fresh, pieces);
    fs.rename(fresh, aside.final());
  } catch (...) {
    detail::remove_quietly(fs, fresh);
    throw;
  }
  fs.sync_directory(aside.parent());
}

}  // namespace cag
