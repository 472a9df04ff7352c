#pragma once

#include <filesystem>
#include <string>

namespace cag::data {

/// Which files of an ImageFolder are images.
struct ImageFolderOptions {
  std::string suffix{};         ///< of the name before its end, as in *_rgb.png
  std::string except_suffix{};  ///< files of this suffix are none, as labels beside them
  /// A folder below that holds none, as the process names it; empty: no such folder.
  std::filesystem::path except{};
};

}  // namespace cag::data
