#pragma once

#include "pipeline/layout.hpp"

namespace pipeline {

/// Two domains in folders of images and label files, as [source], [target] and [[categories]] of
/// the configuration describe them. The target's splits are "train" and "val".
class DescribedFolders final : public Layout {
 public:
  void check(const Config& config) const override;
  bool described() const override { return true; }
  cag::LabelTable table(const Config& config) const override;
  std::vector<std::int64_t> known(const Config& config, Domain domain) const override;
  Labelled source(const Config& config) const override;
  Unlabelled target(const Config& config, const std::string& split) const override;
  bool has_target_labels(const Config& config, const std::string& split) const override;
  Labelled target_labels(const Config& config, const std::string& split) const override;
  CountedLabels counted_source(const Config& config) const override;
  CountedLabels counted_target(const Config& config, const std::string& split) const override;
};

}  // namespace pipeline
