#include "pipeline/described_folders.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cag/data/colour_table.hpp>
#include <cag/data/image_folder.hpp>
#include <cag/data/label_file/colours.hpp>
#include <cag/data/label_file/ids.hpp>
#include <cag/data/labelled_folder.hpp>
#include <cag/error.hpp>

#include "pipeline/counted_folder.hpp"
#include "pipeline/palette.hpp"
#include "pipeline/world.hpp"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using cag::data::LabelledFolder;
using cag::label_file::Colours;
using cag::label_file::Ids;

constexpr std::string_view kTrain = "train", kValidation = "val";

/// One domain's half of the configuration.
struct Half {
  std::string_view section;
  const fs::path& root;
  const Config::Folders& folders;
  LabelValues Config::CategoryRow::*values;

  static Half of(const Config& config, Domain domain) {
    if (domain == Domain::kSource)
      return {"source", config.data.source, config.source, &Config::CategoryRow::source};
    return {"target", config.data.target, config.target, &Config::CategoryRow::target};
  }
  bool colours() const { return folders.label_values == "colours"; }
};

/// The values of a domain's files, each with the name of its category; none has two meanings.
void check_values(const Config& config, const Half& half, bool labelled) {
  std::map<std::string, std::string> meanings;
  const auto add = [&](const std::string& value, const std::string& key,
                       const std::string& meaning) {
    const auto [known, added] = meanings.emplace(value, meaning);
    if (!added)
      throw cag::UsageError("{}: expected each value once, got {} again, which is {} already", key,
                            value, known->second);
  };
  const auto check = [&](const LabelValues& values, const std::string& key,
                         const std::string& meaning) {
    const bool other = half.colours() ? !values.ids.empty() : !values.colours.empty();
    if (other)
      throw cag::UsageError("{}: expected {}, as {}.label_values says, got {}", key,
                            half.folders.label_values, half.section,
                            half.colours() ? "ids" : "colours");
    for (const auto id : values.ids) {
      if (id < 0 || id > 65535)
        throw cag::UsageError("{}: expected label ids from 0 to 65535, got {}", key, id);
      add(fmt::format("{}", id), key, meaning);
    }
    for (const auto& colour : values.colours) add(colour_text(colour), key, meaning);
  };
  bool any = false;
  for (const auto& row : config.categories) {
    const auto& values = row.*half.values;
    any |= !values.empty();
    check(values, fmt::format("categories.{} of {}", half.section, row.name), row.name);
  }
  check(half.folders.ignored, fmt::format("{}.ignored", half.section), "ignored");
  if (!any && labelled)
    throw cag::UsageError("categories.{}: expected values for one category at least, got none",
                          half.section);
}

void check_suffix(std::string_view key, const std::string& suffix) {
  if (suffix.find('/') != suffix.npos)
    throw cag::UsageError("{}: expected the end of a name, got {}", key, suffix);
}

void expect_set(std::string_view key, const fs::path& path, std::string_view what) {
  if (path.empty()) throw cag::UsageError("{}: expected the folder of {}, got none", key, what);
}

/// The rows of a run in its order.
std::vector<const Config::CategoryRow*> rows_of(const Config& config) {
  std::vector<const Config::CategoryRow*> rows;
  for (const auto& name : category_names(config)) {
    const auto row = std::find_if(config.categories.begin(), config.categories.end(),
                                  [&](const auto& r) { return r.name == name; });
    if (row == config.categories.end())
      throw cag::UsageError("data.categories: expected names of [[categories]], got {}", name);
    rows.push_back(&*row);
  }
  return rows;
}

/// A target whose labels are of no category that the source teaches cannot be evaluated; one
/// without any may be.
void expect_in_common(const std::vector<std::int64_t>& source,
                      const std::vector<std::int64_t>& target,
                      const std::vector<const Config::CategoryRow*>& rows) {
  const bool common = std::any_of(source.begin(), source.end(), [&](std::int64_t k) {
    return std::find(target.begin(), target.end(), k) != target.end();
  });
  if (common || target.empty()) return;
  const auto names = [&](const std::vector<std::int64_t>& known) {
    if (known.empty()) return std::string("none");
    std::vector<std::string> list;
    for (const auto k : known) list.push_back(rows[static_cast<std::size_t>(k)]->name);
    return fmt::format("{}", fmt::join(list, ", "));
  };
  throw cag::UsageError(
      "categories: expected one at least with values of both domains, got {} of the source and {} "
      "of the target",
      names(source), names(target));
}

/// What a domain's values mean, in the run's order; those of rows that the run leaves out are
/// ignored.
struct Meanings {
  std::vector<LabelValues> categories;
  std::vector<std::string> names;
  LabelValues ignored;

  static Meanings of(const Config& config, const Half& half) {
    Meanings meanings{.categories = {}, .names = {}, .ignored = half.folders.ignored};
    const auto rows = rows_of(config);
    for (const auto* row : rows) {
      meanings.categories.push_back(row->*half.values);
      meanings.names.push_back(row->name);
    }
    for (const auto& row : config.categories) {
      if (std::find(rows.begin(), rows.end(), &row) != rows.end()) continue;
      const auto& values = row.*half.values;
      auto& [ids, colours] = meanings.ignored;
      ids.insert(ids.end(), values.ids.begin(), values.ids.end());
      colours.insert(colours.end(), values.colours.begin(), values.colours.end());
    }
    return meanings;
  }
};

/// Ids that check() has found to be 0 to 65535.
std::vector<std::int32_t> narrow(const std::vector<std::int64_t>& ids) {
  return {ids.begin(), ids.end()};
}

Ids ids_of(const Meanings& meanings) {
  std::vector<cag::Category> categories;
  for (std::size_t k = 0; k < meanings.names.size(); ++k)
    categories.push_back({meanings.names[k], {}, narrow(meanings.categories[k].ids)});
  return {cag::LabelTable::partial(std::move(categories), narrow(meanings.ignored.ids))};
}

Colours colours_of(const Meanings& meanings) {
  std::vector<std::vector<cag::Colour>> colours;
  for (const auto& values : meanings.categories) colours.push_back(values.colours);
  return {cag::ColourTable(colours, meanings.ignored.colours)};
}

/// A configured folder, by its key.
struct Place {
  std::string key;
  fs::path path;

  /// @throws cag::DataError unless it is there
  const fs::path& folder() const {
    std::error_code error;
    if (!fs::is_directory(path, error))
      throw cag::DataError("{}: expected a folder, found {} at {}", key,
                           fs::exists(path, error) ? "a file" : "none", path.string());
    return path;
  }
};

/// The folders of a split.
struct Places {
  Place images, labels;

  static Places of(const Config& config, const Half& half, std::string_view split) {
    if (split != kTrain && split != kValidation)
      throw cag::UsageError("expected the split {} or {}, got {}", kTrain, kValidation, split);
    const std::string prefix = split == kTrain ? "" : "validation_";
    const auto place = [&](const char* name, const fs::path& train, const fs::path& validation) {
      // Without what "." and ".." leave behind.
      const auto path = (half.root / (split == kTrain ? train : validation)).lexically_normal();
      return Place{fmt::format("{}.{}{}", half.section, prefix, name),
                   path.has_filename() ? path : path.parent_path()};
    };
    return {place("images", half.folders.images, config.target.validation_images),
            place("labels", half.folders.labels, config.target.validation_labels)};
  }
};

/// The folders of the other split, which may lie below those of this one: none for the source.
std::vector<fs::path> other_split(const Config& config, Domain domain, std::string_view split) {
  std::vector<fs::path> folders;
  if (domain == Domain::kSource) return folders;
  const auto& t = config.target;
  for (const auto& folder : split == kTrain ? std::array{t.validation_images, t.validation_labels}
                                            : std::array{t.images, t.labels})
    if (!folder.empty()) folders.push_back(config.data.target / folder);
  return folders;
}

/// Calls `f` with the labelled images of a split.
template <typename F>
auto with_labelled(const Config& config, Domain domain, std::string_view split, F&& f) {
  const auto half = Half::of(config, domain);
  const auto places = Places::of(config, half, split);
  const auto& images = places.images.folder();
  const auto& labels = places.labels.folder();
  const cag::data::LabelledFolderOptions options{
      half.folders.image_suffix, half.folders.label_suffix, other_split(config, domain, split)};
  const auto meanings = Meanings::of(config, half);
  if (half.colours()) return f(LabelledFolder(images, labels, colours_of(meanings), options));
  return f(LabelledFolder(images, labels, ids_of(meanings), options));
}

}  // namespace

void DescribedFolders::check(const Config& config) const {
  if (config.categories.size() < 2)
    throw cag::UsageError(
        "categories: expected a table [[categories]] for each of 2 or more, got {}",
        config.categories.size());
  if (config.data.train_split != kTrain || config.data.val_split != kValidation)
    throw cag::UsageError(
        "data.train_split: expected {} and {}, which are target.images and "
        "target.validation_images, got {} and {}",
        kTrain, kValidation, config.data.train_split, config.data.val_split);
  expect_set("source.images", config.source.images, "the source's images");
  expect_set("source.labels", config.source.labels, "the source's labels");
  expect_set("target.images", config.target.images, "the target's images");
  if (config.target.validation_images.empty() != config.target.validation_labels.empty())
    throw cag::UsageError(
        "target.validation_labels: expected both folders to evaluate with or none, got {}",
        config.target.validation_labels.empty() ? "images alone" : "labels alone");
  if (config.stages.method == "oracle")
    expect_set("target.labels", config.target.labels, "labels that the oracle trains on");
  for (const auto domain : {Domain::kSource, Domain::kTarget}) {
    const auto half = Half::of(config, domain);
    const std::string section(half.section);
    if (half.folders.label_values != "ids" && !half.colours())
      throw cag::UsageError("{}.label_values: expected one of ids, colours, got {}", section,
                            half.folders.label_values);
    check_suffix(section + ".image_suffix", half.folders.image_suffix);
    check_suffix(section + ".label_suffix", half.folders.label_suffix);
    check_values(config, half,
                 domain == Domain::kSource || has_target_labels(config, std::string(kTrain)) ||
                     has_target_labels(config, std::string(kValidation)));
  }
  expect_in_common(known(config, Domain::kSource), known(config, Domain::kTarget), rows_of(config));
}

cag::LabelTable DescribedFolders::table(const Config& config) const {
  const auto colours = picture_colours(config.categories);
  std::vector<cag::Category> categories;
  for (const auto* row : rows_of(config)) {
    const auto number = row - config.categories.data();
    categories.push_back({row->name,
                          colours[static_cast<std::size_t>(number)],
                          {static_cast<std::int32_t>(categories.size())}});
  }
  return {std::move(categories), {}};
}

std::vector<std::int64_t> DescribedFolders::known(const Config& config, Domain domain) const {
  const auto meanings = Meanings::of(config, Half::of(config, domain));
  std::vector<std::int64_t> known;
  for (std::size_t k = 0; k < meanings.categories.size(); ++k)
    if (!meanings.categories[k].empty()) known.push_back(static_cast<std::int64_t>(k));
  return known;
}

Labelled DescribedFolders::source(const Config& config) const {
  return with_labelled(config, Domain::kSource, kTrain,
                       [](const auto& folder) { return Labelled(folder); });
}

Unlabelled DescribedFolders::target(const Config& config, const std::string& split) const {
  const auto half = Half::of(config, Domain::kTarget);
  const auto places = Places::of(config, half, split);
  const auto& images = places.images.folder();
  const auto& suffix = half.folders.label_suffix;
  cag::data::ImageFolderOptions options{.suffix = half.folders.image_suffix,
                                        .except = other_split(config, Domain::kTarget, split)};
  if (has_target_labels(config, split)) options.except.push_back(places.labels.path);
  // Labels that lie among the images are none of them.
  const auto among = [&](const fs::path& labels) {
    std::error_code missing;
    return !labels.empty() && fs::equivalent(images, half.root / labels, missing);
  };
  if ((among(config.target.labels) || among(config.target.validation_labels)) &&
      suffix.size() > options.suffix.size() && suffix.ends_with(options.suffix))
    options.except_suffix = suffix;
  return cag::data::ImageFolder(images, options);
}

bool DescribedFolders::has_target_labels(const Config& config, const std::string& split) const {
  return !(split == kTrain ? config.target.labels : config.target.validation_labels).empty();
}

Labelled DescribedFolders::target_labels(const Config& config, const std::string& split) const {
  return with_labelled(config, Domain::kTarget, split,
                       [](const auto& folder) { return Labelled(folder); });
}

CountedLabels DescribedFolders::counted_source(const Config& config) const {
  return with_labelled(config, Domain::kSource, kTrain,
                       [](const auto& folder) { return counted(folder); });
}

CountedLabels DescribedFolders::counted_target(const Config& config,
                                               const std::string& split) const {
  return with_labelled(config, Domain::kTarget, split,
                       [](const auto& folder) { return counted(folder); });
}

}  // namespace pipeline
