#pragma once

#include <filesystem>
#include <system_error>

#include <cag/error.hpp>

namespace pipeline {

/// Makes a folder and those above it, where they are not there yet.
/// @throws cag::UsageError where `path` is no folder, cag::IoError
inline void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error))
    throw cag::UsageError("{}: expected a folder, found something else", path.string());
  std::filesystem::create_directories(path, error);
  if (error) throw cag::IoError("cannot create the folder {}: {}", path.string(), error.message());
}

}  // namespace pipeline
