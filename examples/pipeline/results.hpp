#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "pipeline/protocols.hpp"

namespace pipeline {

/// One evaluation.
struct ResultRow {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  std::int64_t stage = 0;
  std::int64_t step = 0;
  std::string domain;               ///< source, source+bn, target, target+bn
  double miou = 0;                  ///< shares, not percent, here and below
  std::vector<double> iou;          ///< by category, NaN where it does not occur
  std::vector<double> protocols{};  ///< mIoU, by the columns of Protocols
  double label_coverage = kUnknown, label_precision = kUnknown;
  double intra_distance = kUnknown, inter_distance = kUnknown;
  double seconds = 0;  ///< of work since the run began, over all its resumptions
  double peak_mib = 0;
};

/// The column of results.csv with a category's IoU.
std::string column_of(std::string category);

/// RUN/results.csv: a row per evaluation, durable after each. A row of the same stage, step and
/// domain takes the place of the earlier one, so that a resumed run may repeat an evaluation.
class Results {
 public:
  /// Reads what is there.
  /// @throws cag::DataError where the file is of other categories or damaged
  /// @param protocols  its columns for mIoUs over some of the categories
  Results(std::filesystem::path file, std::vector<std::string> categories,
          Protocols protocols = {});

  void put(ResultRow row);

  const std::vector<ResultRow>& rows() const { return rows_; }

  /// Of the last evaluation of each stage: mIoU per domain and what came with it, as a table.
  /// @param labelled_as  the domain that the teacher's statistics make of the target
  std::string summary(const std::string& labelled_as = "target+bn") const;

  /// Of the target's last evaluation, in its own and re-estimated statistics: mIoUs after each
  /// protocol; empty without protocols.
  std::string protocols() const;

 private:
  void write() const;

  std::filesystem::path file_;
  std::vector<std::string> categories_;
  Protocols protocols_;
  std::vector<ResultRow> rows_;
};

/// Largest resident size of this process so far, MiB.
double peak_mib();

}  // namespace pipeline
