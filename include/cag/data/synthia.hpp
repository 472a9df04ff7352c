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

/// SYNTHIA-RAND-CITYSCAPES: `root/RGB/NAME.png` with `root/GT/LABELS/NAME.png` of 16 bits and three
/// channels, the first of which holds the class id; in the order of the names. A SourceDataset.
class Synthia {
 public:
  /// @throws DataError listing what is wrong with the folder: missing folders, no image, images
  ///   without label, labels without image
  explicit Synthia(const std::filesystem::path& root, LabelTable table = label_table::synthia())
      : files_(detail::open_pairs(root, "RGB", "GT/LABELS", std::move(table),
                                  png::read_label_ids16)) {}

  std::int64_t size() const { return files_.size(); }
  const std::string& name(std::int64_t i) const { return files_.name(i); }
  const LabelTable& table() const { return files_.table(); }

  /// The size that image `i` declares, from its file's header alone.
  /// @throws DataError naming the file
  ImageSize image_size(std::int64_t i) const { return files_.image_size(i); }

  /// @throws DataError naming the file: unreadable, a label that is not of 16 bits and three
  ///   channels, an id outside the table, sizes that differ
  LabelledSample get(std::int64_t i) const { return files_.get(i); }

 private:
  detail::PairList files_;
};

}  // namespace cag::data
