#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cag/data/detail/scan.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/label_table.hpp>
#include <cag/data/png.hpp>
#include <cag/data/sample.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// Image files of the kinds that two functions read, by index.
template <auto kRead, auto kSize>
class ImageListOf {
 public:
  explicit ImageListOf(const Files& images) {
    auto list =
        std::make_shared<std::vector<std::pair<std::string, Path>>>(images.begin(), images.end());
    files_ = std::move(list);
  }

  std::int64_t size() const { return std::ssize(*files_); }
  const std::string& name(std::int64_t i) const { return at(i).first; }
  const Path& path(std::int64_t i) const { return at(i).second; }
  ImageSize image_size(std::int64_t i) const { return kSize(path(i)); }
  UnlabelledSample get(std::int64_t i) const { return {kRead(path(i)), name(i)}; }

 private:
  const std::pair<std::string, Path>& at(std::int64_t i) const {
    TORCH_CHECK_INDEX(i >= 0 && i < size(), "expected an index below ", size(), ", got ", i);
    return (*files_)[static_cast<std::size_t>(i)];
  }

  std::shared_ptr<const std::vector<std::pair<std::string, Path>>> files_;
};

/// @throws DataError unless an image [H, W, 3] and a label map [H, W] are of one size
inline void expect_one_size(const at::Tensor& image, const Path& image_path,
                            const at::Tensor& label, const Path& label_path) {
  if (label.size(0) != image.size(0) || label.size(1) != image.size(1)) {
    throw DataError("{} is {} x {} pixels, its label {} is {} x {}", image_path.string(),
                    image.size(1), image.size(0), label_path.string(), label.size(1),
                    label.size(0));
  }
}

using ImageList = ImageListOf<png::read_rgb, png::size>;

/// Image files with their label files: two lists of the same names.
class PairList {
 public:
  using ReadIds = at::Tensor (*)(const Path&);

  PairList(const Files& images, const Files& labels, LabelTable table,
           ReadIds read_ids = png::read_label_ids)
      : images_(images),
        labels_(labels),
        table_(std::make_shared<const LabelTable>(std::move(table))),
        read_ids_(read_ids) {}

  std::int64_t size() const { return images_.size(); }
  const std::string& name(std::int64_t i) const { return images_.name(i); }
  const LabelTable& table() const { return *table_; }
  ImageSize image_size(std::int64_t i) const { return images_.image_size(i); }

  LabelledSample get(std::int64_t i) const {
    auto [image, name] = images_.get(i);
    const Path& label_path = labels_.path(i);
    const at::Tensor ids = read_ids_(label_path);
    expect_one_size(image, images_.path(i), ids, label_path);
    return {std::move(image), table_->apply(ids, label_path.string()), std::move(name)};
  }

 private:
  ImageList images_;
  ImageList labels_;
  std::shared_ptr<const LabelTable> table_;
  ReadIds read_ids_;
};

/// The pairs of two flat folders of PNG files.
/// @throws DataError listing what is wrong with them
inline PairList open_pairs(const Path& root, const Path& images_below, const Path& labels_below,
                           LabelTable table, PairList::ReadIds read_ids = png::read_label_ids) {
  Problems problems;
  Files images;
  Files labels;
  collect(root / images_below, ".png", images, problems);
  collect(root / labels_below, ".png", labels, problems);
  expect_some(images, root / images_below, "*.png", problems);
  expect_some(labels, root / labels_below, "*.png", problems);
  match(images, labels, problems);
  problems.raise(root.string());
  return {images, labels, std::move(table), read_ids};
}

}  // namespace cag::detail
