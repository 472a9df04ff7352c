#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cag::data {

/// How the names of a LabelledFolder's images and labels differ.
struct LabelledFolderOptions {
  std::string image_suffix{};  ///< of an image's name before its end
  std::string label_suffix{};  ///< of a label's, in its place
  /// Folders that hold none, as the process names them.
  std::vector<std::filesystem::path> except{};
};

}  // namespace cag::data
