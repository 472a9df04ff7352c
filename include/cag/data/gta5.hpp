#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <cag/data/detail/file_list.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/label_table.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/data/sample.hpp>

namespace cag::data {

/// GTA5: `root/images/NAME.png` with `root/labels/NAME.png`, in the order of the names. A
/// SourceDataset. It has no splits of its own: see every_kth() for holding images out.
class Gta5 {
 public:
  /// @throws DataError listing what is wrong with the folder: missing folders, no image, images
  ///   without label, labels without image
  explicit Gta5(const std::filesystem::path& root, LabelTable table = label_table::gta5())
      : files_(detail::open_pairs(root, "images", "labels", std::move(table))) {}

  std::int64_t size() const { return files_.size(); }
  const std::string& name(std::int64_t i) const { return files_.name(i); }
  const LabelTable& table() const { return files_.table(); }

  /// The size that image `i` declares, from its file's header alone.
  /// @throws DataError naming the file
  ImageSize image_size(std::int64_t i) const { return files_.image_size(i); }

  /// @throws DataError naming the file: unreadable, an id outside the table, sizes that differ
  LabelledSample get(std::int64_t i) const { return files_.get(i); }

 private:
  detail::PairList files_;
};

}  // namespace cag::data
