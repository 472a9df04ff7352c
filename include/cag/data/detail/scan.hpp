#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <cag/data/detail/problems.hpp>

namespace cag::detail {

using Path = std::filesystem::path;
using Files = std::map<std::string, Path>;  // by name, which orders them on every file system alike

/// The entries of a folder in order. A folder that is missing or cannot be read is a problem.
inline std::vector<Path> entries(const Path& folder, Problems& problems) {
  std::vector<Path> found;
  std::error_code error;
  std::filesystem::directory_iterator next(folder, error);
  for (; !error && next != std::filesystem::directory_iterator(); next.increment(error)) {
    if (!next->path().filename().string().starts_with('.')) found.push_back(next->path());
  }
  if (error) problems.add(folder.string() + ": cannot be read: " + error.message());
  std::sort(found.begin(), found.end());
  return found;
}

/// Adds the files of `folder` (not of folders below it) that end in `suffix`, named by what stands
/// before it. A name found before is a problem.
inline void collect(const Path& folder, std::string_view suffix, Files& files, Problems& problems) {
  for (const Path& path : entries(folder, problems)) {
    const std::string file = path.filename().string();
    if (file.size() <= suffix.size() || !file.ends_with(suffix)) continue;
    const auto [known, added] = files.emplace(file.substr(0, file.size() - suffix.size()), path);
    if (!added) problems.add(path.string() + ": same name as " + known->second.string());
  }
}

/// Like collect(), over the folders of `folder`: exactly one level down, so a folder that links
/// back to one above it cannot make the search endless.
inline Files collect_cities(const Path& folder, std::string_view suffix, Problems& problems) {
  Files files;
  for (const Path& city : entries(folder, problems)) {
    std::error_code error;
    const bool is_folder = std::filesystem::is_directory(city, error);
    if (error) problems.add(city.string() + ": cannot be read: " + error.message());
    if (is_folder) collect(city, suffix, files, problems);
  }
  return files;
}

/// An existing folder without any such file is a problem (a missing one has been reported).
inline void expect_some(const Files& files, const Path& folder, std::string_view pattern,
                        Problems& problems) {
  std::error_code error;
  if (files.empty() && std::filesystem::exists(folder, error)) {
    problems.add(folder.string() + ": no " + std::string(pattern));
  }
}

/// Reports every image without a label and every label without an image, unless one side is
/// missing as a whole.
inline void match(const Files& images, const Files& labels, Problems& problems) {
  if (images.empty() || labels.empty()) return;
  for (const auto& [name, path] : images) {
    if (!labels.contains(name)) problems.add(path.string() + ": image without label");
  }
  for (const auto& [name, path] : labels) {
    if (!images.contains(name)) problems.add(path.string() + ": label without image");
  }
}

}  // namespace cag::detail
