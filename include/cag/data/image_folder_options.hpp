#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cag::data {

/// Which files of an ImageFolder are images.
struct ImageFolderOptions {
  std::string suffix{};         ///< of the name before its end, as in *_rgb.png
  std::string except_suffix{};  ///< files of this suffix are none, as labels beside them
  /// Folders that hold none, as the process names them.
  std::vector<std::filesystem::path> except{};
};

}  // namespace cag::data
