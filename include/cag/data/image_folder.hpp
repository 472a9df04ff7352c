#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <cag/data/detail/file_list.hpp>
#include <cag/data/detail/problems.hpp>
#include <cag/data/detail/scan_tree.hpp>
#include <cag/data/image_file.hpp>
#include <cag/data/image_folder_options.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/sample.hpp>

namespace cag::data {

/// The PNG and JPEG images in a folder and those below it, in the order of their names: the path
/// from the folder without suffix and end, as "city/0001". A TargetDataset. Files and folders whose
/// name begins with a dot are passed over, links to folders not followed.
class ImageFolder {
 public:
  /// @throws DataError listing what is wrong with the folder: missing, no image, a name used twice
  explicit ImageFolder(const std::filesystem::path& folder, ImageFolderOptions options = {})
      : files_(open(folder, std::move(options))) {}

  std::int64_t size() const { return files_.size(); }
  const std::string& name(std::int64_t i) const { return files_.name(i); }
  const std::filesystem::path& path(std::int64_t i) const { return files_.path(i); }

  /// The size that image `i` declares, without decoding it.
  /// @throws DataError naming the file
  ImageSize image_size(std::int64_t i) const { return files_.image_size(i); }

  /// @throws DataError naming the file
  UnlabelledSample get(std::int64_t i) const { return files_.get(i); }

 private:
  using Files = detail::ImageListOf<image_file::read_rgb, image_file::size>;

  static Files open(const std::filesystem::path& folder, ImageFolderOptions options) {
    detail::Problems problems;
    const auto images = detail::collect_images(
        folder,
        {std::move(options.suffix), std::move(options.except_suffix), std::move(options.except)},
        problems);
    problems.raise(folder.string());
    return Files(images);
  }

  Files files_;
};

}  // namespace cag::data
