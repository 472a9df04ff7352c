#pragma once

#include <filesystem>
#include <string_view>

namespace pipeline {

/// Of a run's directory: the file that makes it one.
inline constexpr std::string_view kConfigFile = "config.toml";

/// A directory that is not there, is empty, or holds a start that was cut short.
/// @throws cag::UsageError where it is another, cag::IoError where it is no directory
void expect_new(const std::filesystem::path& directory);

/// Removes what writers of the run's files that were killed left behind.
void remove_leftovers(const std::filesystem::path& directory);

}  // namespace pipeline
