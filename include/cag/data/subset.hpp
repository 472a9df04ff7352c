#pragma once

#include <c10/util/Exception.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <cag/data/dataset.hpp>
#include <cag/error.hpp>

namespace cag::data {

/// Some samples of a data set, in the given order: itself a Dataset of the same kind.
template <Dataset D>
class Subset {
 public:
  /// @throws UsageError for an index that `dataset` lacks
  Subset(D dataset, std::vector<std::int64_t> indices)
      : dataset_(std::move(dataset)), indices_(std::move(indices)) {
    for (const std::int64_t i : indices_) {
      if (i < 0 || i >= dataset_.size()) {
        throw UsageError("expected indices below {}, got {}", dataset_.size(), i);
      }
    }
  }

  std::int64_t size() const { return std::ssize(indices_); }
  std::string name(std::int64_t i) const { return dataset_.name(at(i)); }
  SampleOf<D> get(std::int64_t i) const { return dataset_.get(at(i)); }
  ImageSize image_size(std::int64_t i) const requires SizedDataset<D> {
    return dataset_.image_size(at(i));
  }

 private:
  std::int64_t at(std::int64_t i) const {
    TORCH_CHECK_INDEX(i >= 0 && i < size(), "expected an index below ", size(), ", got ", i);
    return indices_[static_cast<std::size_t>(i)];
  }

  D dataset_;
  std::vector<std::int64_t> indices_;
};

/// Indices of a data set in two parts.
struct Split {
  std::vector<std::int64_t> kept;      ///< ascending
  std::vector<std::int64_t> held_out;  ///< ascending
};

/// Holds out every k-th of `size` samples (0, k, 2k, ...). Neighbouring frames of one video stay on
/// both sides: an optimistic validation set where images follow each other in time.
/// @throws UsageError unless k >= 2
inline Split every_kth(std::int64_t size, std::int64_t k) {
  if (k < 2) throw UsageError("expected to hold out every 2nd image or fewer, got every {}", k);
  Split split;
  for (std::int64_t i = 0; i < size; ++i) (i % k == 0 ? split.held_out : split.kept).push_back(i);
  return split;
}

}  // namespace cag::data
