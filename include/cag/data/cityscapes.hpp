#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <cag/data/detail/file_list.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/label_table.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/data/sample.hpp>

namespace cag::data {

/// The images of one Cityscapes split, `root/leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png`, in the
/// order of the names. A TargetDataset: it never looks at gtFine, which need not exist.
class CityscapesImages {
 public:
  /// @throws DataError listing what is wrong with the folder: missing, no image, a name used twice
  CityscapesImages(const std::filesystem::path& root, std::string_view split)
      : files_(open(root / "leftImg8bit" / split)) {}

  std::int64_t size() const { return files_.size(); }
  const std::string& name(std::int64_t i) const { return files_.name(i); }

  /// The size that image `i` declares, from its file's header alone.
  /// @throws DataError naming the file
  ImageSize image_size(std::int64_t i) const { return files_.image_size(i); }

  /// @throws DataError naming the file
  UnlabelledSample get(std::int64_t i) const { return files_.get(i); }

 private:
  static detail::ImageList open(const std::filesystem::path& folder) {
    detail::Problems problems;
    const auto images = detail::collect_cities(folder, "_leftImg8bit.png", problems);
    detail::expect_some(images, folder, "*/*_leftImg8bit.png", problems);
    problems.raise(folder.string());
    return detail::ImageList(images);
  }

  detail::ImageList files_;
};

/// The images of one Cityscapes split with their truth,
/// `root/gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png`: for evaluation, and for an oracle that may
/// see target labels. A SourceDataset.
class CityscapesPairs {
 public:
  /// @throws DataError listing what is wrong with the folders: missing, no image, a name used
  /// twice,
  ///   images without label, labels without image
  CityscapesPairs(const std::filesystem::path& root, std::string_view split,
                  LabelTable table = label_table::cityscapes())
      : files_(open(root, split, std::move(table))) {}

  std::int64_t size() const { return files_.size(); }
  const std::string& name(std::int64_t i) const { return files_.name(i); }
  const LabelTable& table() const { return files_.table(); }

  /// The size that image `i` declares, from its file's header alone.
  /// @throws DataError naming the file
  ImageSize image_size(std::int64_t i) const { return files_.image_size(i); }

  /// @throws DataError naming the file: unreadable, an id outside the table, sizes that differ
  LabelledSample get(std::int64_t i) const { return files_.get(i); }

 private:
  static detail::PairList open(const std::filesystem::path& root, std::string_view split,
                               LabelTable table) {
    detail::Problems problems;
    const auto folder = root / "leftImg8bit" / split;
    const auto images = detail::collect_cities(folder, "_leftImg8bit.png", problems);
    const auto truth = root / "gtFine" / split;
    const auto labels = detail::collect_cities(truth, "_gtFine_labelIds.png", problems);
    detail::expect_some(images, folder, "*/*_leftImg8bit.png", problems);
    detail::expect_some(labels, truth, "*/*_gtFine_labelIds.png", problems);
    detail::match(images, labels, problems);
    problems.raise(root.string());
    return {images, labels, std::move(table)};
  }

  detail::PairList files_;
};

}  // namespace cag::data
