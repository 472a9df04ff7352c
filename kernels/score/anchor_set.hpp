#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bytes.hpp"

namespace cag::score {

/// Anchors of a file or of plain arrays, checked.
struct AnchorSet {
  std::int64_t width = 0;
  std::int64_t categories = 0;
  std::vector<float> vectors;        ///< [anchors, width]
  std::vector<std::int64_t> counts;  ///< [anchors]; 0: never seen
  std::vector<std::int64_t> owner;   ///< [anchors] ascending
  std::vector<float> margins;        ///< [categories], or none
  std::vector<std::string> names;    ///< [categories], or none
  std::int64_t format = 0;           ///< of the file
  std::string producer, backbone, tap;

  std::int64_t anchors() const { return static_cast<std::int64_t>(counts.size()); }

  /// Counts the categories. Throws a Failure that calls the anchors `what` unless `owner` ascends
  /// from 0 and leaves none out.
  void check_owner(const std::string& what);
  /// Throws a Failure unless there are vectors, finite ones, counts and margins of at least 0, and
  /// each name is another one that a table can show.
  void check(const std::string& what) const;
};

/// What `cag::AnchorFile` saves. Throws a Failure unless it is whole, undamaged and of a version
/// that this library reads.
AnchorSet read_anchor_file(const Bytes& bytes);

}  // namespace cag::score
