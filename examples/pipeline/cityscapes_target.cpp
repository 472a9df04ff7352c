#include "pipeline/cityscapes_target.hpp"

#include <numeric>
#include <string>

#include <fmt/format.h>

#include <cag/data/cityscapes.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/error.hpp>
#include <cag/label/ignore.hpp>

#include "common/folders.hpp"
#include "pipeline/world.hpp"

namespace pipeline {
namespace {

/// Ids that the label files of these data sets may hold: 0 to kIds - 1.
constexpr std::int64_t kIds = cag::kIgnoreIndex;

/// A table in which each id is a category of its own, so that a data set gives ids for labels.
cag::LabelTable table_of_ids() {
  std::vector<cag::Category> categories;
  for (std::int32_t id = 0; id < kIds; ++id)
    categories.push_back({.name = fmt::format("{}", id), .ids = {id}});
  return {std::move(categories), {}};
}

LabelCounts count_ids(const Labelled& ids, std::int64_t i) {
  const auto sample = ids.get(i);
  LabelCounts found{.size = {sample.image.size(0), sample.image.size(1)}, .pixels = {}};
  const auto counts = sample.label.view({-1}).bincount({}, kIds);
  const auto* count = counts.const_data_ptr<std::int64_t>();
  for (std::int64_t id = 0; id < kIds; ++id)
    if (count[id] > 0) found.pixels[id] = count[id];
  return found;
}

CountedLabels counted(Labelled labelled, Labelled ids, const cag::LabelTable& table) {
  return {
      .labelled = std::move(labelled),
      .count = [ids = std::move(ids)](std::int64_t i) { return count_ids(ids, i); },
      .meaning = [table](std::int64_t id) { return table.meaning(static_cast<std::int32_t>(id)); },
      .text = [](std::int64_t id) { return fmt::format("{}", id); },
      .heading = "label id"};
}

}  // namespace

void CityscapesTarget::check(const Config& config) const {
  const auto key = first_described_key(config);
  if (!key.empty())
    throw cag::UsageError("{}: expected none, for this program's data sets are known; got one",
                          key);
}

cag::LabelTable CityscapesTarget::table(const Config& config) const {
  return cag::label_table::cityscapes().select(category_names(config));
}

std::vector<std::int64_t> CityscapesTarget::known(const Config& config, Domain) const {
  std::vector<std::int64_t> all(category_names(config).size());
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

Labelled CityscapesTarget::source(const Config& config) const {
  return open_source_(config.data.source, source_table_.select(category_names(config)));
}

Unlabelled CityscapesTarget::target(const Config& config, const std::string& split) const {
  return cag::data::CityscapesImages(config.data.target, split);
}

bool CityscapesTarget::has_target_labels(const Config& config, const std::string& split) const {
  return common::is_there(config.data.target / "gtFine" / split);
}

Labelled CityscapesTarget::target_labels(const Config& config, const std::string& split) const {
  return cag::data::CityscapesPairs(config.data.target, split, table(config));
}

CountedLabels CityscapesTarget::counted_source(const Config& config) const {
  return counted(source(config), open_source_(config.data.source, table_of_ids()),
                 source_table_.select(category_names(config)));
}

CountedLabels CityscapesTarget::counted_target(const Config& config,
                                               const std::string& split) const {
  return counted(target_labels(config, split),
                 cag::data::CityscapesPairs(config.data.target, split, table_of_ids()),
                 table(config));
}

}  // namespace pipeline
