#include "pipeline/png_folder.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <cag/data/png.hpp>
#include <cag/error.hpp>

namespace pipeline {

namespace fs = std::filesystem;

PngFolder::PngFolder(fs::path root, const fs::path& except) : root_(std::move(root)) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entry(root_, error);
  while (!error && entry != fs::recursive_directory_iterator()) {
    const auto& path = entry->path();
    std::error_code unknown;
    const bool folder = entry->is_directory(unknown);
    const bool hidden = path.filename().string().starts_with('.');
    if (folder && (hidden || (!except.empty() && fs::equivalent(path, except, unknown))))
      entry.disable_recursion_pending();
    if (!folder && !hidden && path.extension() == ".png")
      names.push_back(fs::path(path).replace_extension().lexically_relative(root_).string());
    entry.increment(error);
  }
  if (error) throw cag::DataError("{}: cannot be read: {}", root_.string(), error.message());
  if (names.empty()) throw cag::DataError("{}: expected *.png images, found none", root_.string());
  std::sort(names.begin(), names.end());
  names_ = std::make_shared<const std::vector<std::string>>(std::move(names));
}

cag::UnlabelledSample PngFolder::get(std::int64_t i) const {
  return {cag::png::read_rgb(root_ / (name(i) + ".png")), name(i)};
}

}  // namespace pipeline
