#pragma once

#include <filesystem>
#include <system_error>

#include <cag/detail/aside.hpp>
#include <cag/error.hpp>
#include <cag/io/file_system.hpp>

namespace common {

/// Makes a folder and those above it, where they are not there yet.
/// @throws cag::UsageError where `path` is no folder, cag::IoError
inline void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error))
    throw cag::UsageError("{}: expected a folder, found something else", path.string());
  std::filesystem::create_directories(path, error);
  if (error) throw cag::IoError("cannot create the folder {}: {}", path.string(), error.message());
}

/// Makes a folder that appears when it is whole: `fill` writes to the path that it is given. What
/// earlier calls left that were killed goes away.
template <typename Fill>
void make_whole(const std::filesystem::path& out, Fill&& fill) {
  const cag::PosixFs fs;
  const cag::detail::Aside aside(out);
  make_folder(aside.parent());
  aside.clean(fs);
  const auto fresh = aside.fresh();
  try {
    fill(fresh);
    fs.rename(fresh, aside.final());
  } catch (...) {
    cag::detail::remove_quietly(fs, fresh);
    throw;
  }
}

}  // namespace common
