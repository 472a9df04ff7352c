#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <cag/data/detail/problems.hpp>
#include <cag/data/detail/scan.hpp>

namespace cag::detail {

/// The ends of names by which image files are found, in any case.
inline constexpr std::array<std::string_view, 3> kImageEnds{".png", ".jpg", ".jpeg"};

/// The lower case of an ASCII text.
inline std::string lowered(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

inline bool has_image_end(const Path& path) {
  const std::string end = lowered(path.extension().string());
  return std::find(kImageEnds.begin(), kImageEnds.end(), end) != kImageEnds.end();
}

/// Which files of a tree are wanted.
struct TreeSearch {
  std::string suffix;         ///< of the name before its end; taken off
  std::string except_suffix;  ///< files of this suffix are passed over; empty: none
  std::vector<Path> except;   ///< folders below to pass over
};

/// Calls `found(name, path)` for the image files in `folder` and below, in no order. The name is
/// the path from `folder` without suffix and end. Names that begin with a dot are passed over,
/// links to folders not followed. What cannot be read is a problem.
template <typename Found>
void scan_tree(const Path& folder, const TreeSearch& search, Problems& problems, Found&& found) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(error)) {
    const Path& path = entry->path();
    std::error_code unknown;
    const bool is_folder = entry->is_directory(unknown);
    const bool hidden = path.filename().string().starts_with('.');
    if (is_folder) {
      const bool passed_over = std::any_of(
          search.except.begin(), search.except.end(),
          [&](const Path& except) { return std::filesystem::equivalent(path, except, unknown); });
      if (hidden || passed_over) entry.disable_recursion_pending();
      continue;
    }
    const std::string stem = path.stem().string();
    const bool excepted = !search.except_suffix.empty() && stem.ends_with(search.except_suffix);
    if (hidden || excepted || !has_image_end(path) || stem.size() <= search.suffix.size() ||
        !stem.ends_with(search.suffix)) {
      continue;
    }
    const Path name = path.parent_path() / stem.substr(0, stem.size() - search.suffix.size());
    found(name.lexically_relative(folder).generic_string(), path);
  }
  if (error) problems.add(folder.string() + ": cannot be read: " + error.message());
}

/// The image files of a tree by name. Two of one name are a problem, and so is none.
inline Files collect_images(const Path& folder, const TreeSearch& search, Problems& problems) {
  Files files;
  scan_tree(folder, search, problems, [&](const std::string& name, const Path& path) {
    const auto [known, added] = files.emplace(name, path);
    if (!added) {
      const auto [first, second] = std::minmax(known->second, path);
      problems.add(second.string() + ": same name as " + first.string());
    }
  });
  expect_some(files, folder, "*" + search.suffix + ".{png,jpg,jpeg}", problems);
  return files;
}

}  // namespace cag::detail
