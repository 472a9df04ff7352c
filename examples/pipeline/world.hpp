#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cag/data/label_table.hpp>
#include <cag/data/normalisation.hpp>

#include "pipeline/config.hpp"
#include "pipeline/dataset.hpp"
#include "pipeline/layout.hpp"
#include "pipeline/protocols.hpp"

namespace pipeline {

/// What a program brings to the pipeline.
struct Program {
  std::string name;
  std::shared_ptr<const Layout> layout;
  Config defaults{};
  std::vector<CategorySubset> subsets{};  ///< that its results are also given over
};

/// The data of a run, opened and checked.
struct World {
  cag::LabelTable table;  ///< of the run's categories: their names, and colours for pictures
  cag::Normalisation normalisation;
  Labelled source_train;
  Labelled source_validation;
  Unlabelled target_train;
  std::optional<Labelled> target_validation;             ///< where the split has labels on disk
  std::optional<Labelled> target_train_truth;            ///< opened for the oracle alone
  std::vector<std::int64_t> source_known, target_known;  ///< categories that labels can tell
  std::string fingerprint;  ///< of the image names: a resumed run must see the same lists

  /// Opens everything. Target truth is read for evaluation only, or for the oracle.
  /// @throws cag::DataError, and cag::UsageError for a configuration that is not the program's
  static World open(const Config& config, const Program& program);
};

/// The category names of a run: those that data.categories lists, or all that the configuration
/// describes, or the 19 of Cityscapes.
std::vector<std::string> category_names(const Config& config);

cag::Normalisation normalisation_of(const Config& config);

/// Category weights for the cross-entropies, [K]: undefined for "none"; for "inverse_root"
/// frequency^-1/2, scaled so that the mean pixel weighs 1 (a category that never occurs weighs 0).
at::Tensor class_weights(const Config& config, const Labelled& source);

}  // namespace pipeline
