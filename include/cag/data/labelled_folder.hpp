#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <cag/data/detail/expect_lossless.hpp>
#include <cag/data/detail/file_list.hpp>
#include <cag/data/detail/problems.hpp>
#include <cag/data/detail/scan_tree.hpp>
#include <cag/data/image_file.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/label_file/label_file.hpp>
#include <cag/data/labelled_folder_options.hpp>
#include <cag/data/sample.hpp>
#include <cag/error.hpp>

namespace cag::data {

/// The PNG and JPEG images in a folder and those below it, each with a label file of the same path
/// in another folder (or the same one), but for a suffix: images/city/1_rgb.jpg with
/// labels/city/1_ids.png. In the order of the names, as ImageFolder lists them. A SourceDataset.
template <LabelFile L>
class LabelledFolder {
 public:
  /// @param label_file  how a label file gives categories, as label_file::Ids
  /// @throws DataError listing what is wrong with the folders: missing, no image, a name used
  ///   twice, images without label, labels without image, JPEG labels
  /// @throws UsageError where each image would be its own label
  LabelledFolder(const std::filesystem::path& images, const std::filesystem::path& labels,
                 L label_file, LabelledFolderOptions options = {})
      : LabelledFolder(find(images, labels, std::move(options)), std::move(label_file)) {}

  std::int64_t size() const { return images_.size(); }
  const std::string& name(std::int64_t i) const { return images_.name(i); }
  const std::filesystem::path& path(std::int64_t i) const { return images_.path(i); }
  /// The file of the labels of image `i`.
  const std::filesystem::path& label_path(std::int64_t i) const { return labels_.path(i); }
  /// How a label file gives categories.
  const L& label_file() const { return label_file_; }

  /// The size that image `i` declares, without decoding it.
  /// @throws DataError naming the file
  ImageSize image_size(std::int64_t i) const { return images_.image_size(i); }

  /// @throws DataError naming the file: unreadable, a label that is none, sizes that differ
  LabelledSample get(std::int64_t i) const {
    auto [image, name] = images_.get(i);
    at::Tensor label = label_file_(label_path(i));
    detail::expect_one_size(image, path(i), label, label_path(i));
    return {std::move(image), std::move(label), std::move(name)};
  }

 private:
  using Files = detail::ImageListOf<image_file::read_rgb, image_file::size>;

  struct Found {
    detail::Files images, labels;
  };

  LabelledFolder(const Found& found, L label_file)
      : images_(found.images), labels_(found.labels), label_file_(std::move(label_file)) {}

  static Found find(const std::filesystem::path& images, const std::filesystem::path& labels,
                    LabelledFolderOptions options) {
    std::error_code missing;
    const bool together = std::filesystem::equivalent(images, labels, missing);
    if (together && options.image_suffix == options.label_suffix) {
      throw UsageError("{}: expected labels in another folder than images, or of another suffix",
                       labels.string());
    }
    detail::Problems problems;
    Found found;
    found.images = detail::collect_images(
        images,
        search(options.image_suffix, options.label_suffix, together, labels, options.except),
        problems);
    collect_labels(
        labels,
        search(options.label_suffix, options.image_suffix, together, images, options.except),
        found.labels, problems);
    detail::match(found.images, found.labels, problems);
    problems.raise(together ? images.string() : images.string() + " with " + labels.string());
    return found;
  }

  /// Of two suffixes in one folder the longer is the more particular one.
  static detail::TreeSearch search(const std::string& suffix, const std::string& other,
                                   bool together, const std::filesystem::path& other_folder,
                                   std::vector<std::filesystem::path> except) {
    const bool particular = together && other.size() > suffix.size() && other.ends_with(suffix);
    if (!together) except.push_back(other_folder);
    return {suffix, particular ? other : "", std::move(except)};
  }

  static void collect_labels(const std::filesystem::path& folder, const detail::TreeSearch& search,
                             detail::Files& labels, detail::Problems& problems) {
    bool lossy = false;
    detail::scan_tree(
        folder, search, problems, [&](const std::string& name, const std::filesystem::path& path) {
          if (detail::lowered(path.extension().string()) != ".png") {
            problems.add(path.string() + ": " + std::string(detail::kLossyLabel));
            lossy = true;
          } else if (!labels.emplace(name, path).second) {
            problems.add(path.string() + ": same name as " + labels.at(name).string());
          }
        });
    if (!lossy) detail::expect_some(labels, folder, "*" + search.suffix + ".png", problems);
  }

  Files images_;
  Files labels_;
  L label_file_;
};

}  // namespace cag::data
