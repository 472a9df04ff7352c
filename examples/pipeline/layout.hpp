#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cag/data/image_size.hpp>
#include <cag/data/label_table.hpp>

#include "pipeline/config.hpp"
#include "pipeline/dataset.hpp"
#include "pipeline/domain.hpp"

namespace pipeline {

/// What an image and its label file hold.
struct LabelCounts {
  cag::ImageSize size{};                        ///< of the image
  std::map<std::int64_t, std::int64_t> pixels;  ///< by value: an id, or what stands for a colour
};

/// Labelled images whose label files can be looked at before a table gives their values a meaning.
struct CountedLabels {
  Labelled labelled;                               ///< under the run's table
  std::function<LabelCounts(std::int64_t)> count;  ///< of image i
  std::function<std::optional<std::int64_t>(std::int64_t)>
      meaning;  ///< of a value: category, kIgnoreIndex, or not in the table
  std::function<std::string(std::int64_t)> text;  ///< of a value
  std::string heading;                            ///< of a column of values
};

/// How a program finds its two domains, and what their labels mean.
class Layout {
 public:
  virtual ~Layout() = default;

  /// @throws cag::UsageError naming the first key that does not suit this layout
  virtual void check(const Config& config) const = 0;

  /// Whether folders and labels are described by the configuration.
  virtual bool described() const = 0;

  /// The run's categories in order: names, colours for pictures, ids that predictions are written
  /// as.
  virtual cag::LabelTable table(const Config& config) const = 0;

  /// The categories that a domain's labels can tell.
  virtual std::vector<std::int64_t> known(const Config& config, Domain domain) const = 0;

  virtual Labelled source(const Config& config) const = 0;
  virtual Unlabelled target(const Config& config, const std::string& split) const = 0;
  virtual bool has_target_labels(const Config& config, const std::string& split) const = 0;
  virtual Labelled target_labels(const Config& config, const std::string& split) const = 0;

  virtual CountedLabels counted_source(const Config& config) const = 0;
  virtual CountedLabels counted_target(const Config& config, const std::string& split) const = 0;
};

}  // namespace pipeline
