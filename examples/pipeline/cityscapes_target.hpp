#pragma once

#include <filesystem>
#include <functional>
#include <utility>

#include "pipeline/layout.hpp"

namespace pipeline {

/// How a program opens its source domain: (folder, label table) -> data set.
using OpenSource = std::function<Labelled(const std::filesystem::path&, const cag::LabelTable&)>;

/// Cityscapes as target, with a source that has labels of its categories.
class CityscapesTarget final : public Layout {
 public:
  CityscapesTarget(cag::LabelTable source_table, OpenSource open_source)
      : source_table_(std::move(source_table)), open_source_(std::move(open_source)) {}

  void check(const Config& config) const override;
  bool described() const override { return false; }
  cag::LabelTable table(const Config& config) const override;
  std::vector<std::int64_t> known(const Config& config, Domain domain) const override;
  Labelled source(const Config& config) const override;
  Unlabelled target(const Config& config, const std::string& split) const override;
  bool has_target_labels(const Config& config, const std::string& split) const override;
  Labelled target_labels(const Config& config, const std::string& split) const override;
  CountedLabels counted_source(const Config& config) const override;
  CountedLabels counted_target(const Config& config, const std::string& split) const override;

 private:
  cag::LabelTable source_table_;
  OpenSource open_source_;
};

}  // namespace pipeline
