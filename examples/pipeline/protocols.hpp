#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cag/eval/confusion_matrix.hpp>

namespace pipeline {

/// Categories that results are customarily given over, where a run may have more.
struct CategorySubset {
  std::string name;  ///< as in "16"
  std::vector<std::string> categories;
};

/// The mIoUs that a run reports beside the one over all of its categories: for each subset one per
/// protocol of cag::protocol, over those of its categories that the run has.
class Protocols {
 public:
  Protocols() = default;
  Protocols(const std::vector<std::string>& categories, const std::vector<CategorySubset>& subsets);

  /// miou_<subset>_<protocol>
  const std::vector<std::string>& columns() const { return columns_; }

  /// In the order of the columns.
  std::vector<double> values(const cag::ConfusionMatrix& confusion) const;

  /// What `values` say, a line per subset.
  /// @param miou  over all categories
  std::string table(double miou, const std::vector<double>& values) const;

 private:
  struct Rows {
    std::string name;
    std::vector<std::int64_t> categories;
  };
  std::size_t all_ = 0;
  std::vector<Rows> subsets_;
  std::vector<std::string> columns_;
};

}  // namespace pipeline
