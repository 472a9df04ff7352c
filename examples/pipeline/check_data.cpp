#include "pipeline/check_data.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ATen/ops/full.h>

#include <cag/data/cityscapes.hpp>
#include <cag/error.hpp>
#include <cag/label/ignore.hpp>

#include "common/folders.hpp"
#include "common/guarded.hpp"
#include "pipeline/device.hpp"

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

/// What each id means: a category, kIgnoreIndex, or nothing where the table does not list it.
using Meanings = std::vector<std::optional<std::int64_t>>;

Meanings meanings_of(const cag::LabelTable& table) {
  Meanings meanings(static_cast<std::size_t>(kIds));
  for (std::int64_t id = 0; id < kIds; ++id) {
    try {
      const auto label = table.apply(at::full({1, 1}, id, at::kInt), "");
      meanings[static_cast<std::size_t>(id)] = label.item<std::int64_t>();
    } catch (const cag::DataError&) {
    }
  }
  return meanings;
}

/// What one image and its label file hold.
struct Found {
  std::optional<std::pair<std::int64_t, std::int64_t>> size;  // width, height
  std::map<std::size_t, std::int64_t> pixels;                 // by label id
  std::string problem;
};

struct Labels {
  Labelled ids;    ///< under table_of_ids()
  Labelled truth;  ///< under the table of the run
  Meanings meanings;

  std::int64_t size() const { return ids.size(); }

  void look(std::int64_t i, Found& found) const {
    const auto sample = ids.get(i);
    found.size = {sample.image.size(1), sample.image.size(0)};
    const auto counts = sample.label.view({-1}).bincount({}, kIds);
    const auto* count = counts.const_data_ptr<std::int64_t>();
    bool listed = true;
    for (std::size_t id = 0; id < meanings.size(); ++id) {
      if (count[id] == 0) continue;
      found.pixels[id] = count[id];
      listed &= meanings[id].has_value();
    }
    if (!listed) truth.get(i);  // throws what a run would
  }
};

struct Images {
  Unlabelled images;

  std::int64_t size() const { return images.size(); }

  void look(std::int64_t i, Found& found) const {
    const auto image = images.get(i).image;
    found.size = {image.size(1), image.size(0)};
  }
};

/// Everything in order, found by several threads.
std::vector<Found> examine(const auto& files, std::int64_t workers) {
  std::vector<Found> all(static_cast<std::size_t>(files.size()));
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++) {
      try {
        files.look(static_cast<std::int64_t>(i), all[i]);
      } catch (const std::exception& error) {
        all[i].problem = error.what();
      }
    }
  };
  std::vector<std::jthread> threads;
  try {
    for (std::int64_t t = 1; t < workers; ++t) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // Fewer threads do the same.
  }
  work();
  threads.clear();
  return all;
}

void print_sizes(const std::vector<Found>& all) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> sizes;
  for (const auto& found : all)
    if (found.size) ++sizes[*found.size];
  for (const auto& [size, count] : sizes)
    fmt::print("  {} x {} pixels: {} image{}\n", size.first, size.second, count,
               count == 1 ? "" : "s");
}

struct Count {
  std::int64_t pixels = 0, images = 0;
};

void print_count(const std::string& name, const Count& count, std::int64_t total,
                 const std::string& meaning = "") {
  const auto pixels = static_cast<double>(count.pixels);
  const auto share = total == 0 ? 0 : 100 * pixels / static_cast<double>(total);
  fmt::print("  {:<16}{:>14}{:>9.3f} %{:>8}{}\n", name, count.pixels, share, count.images,
             meaning.empty() ? "" : "  " + meaning);
}

/// @return the categories that never occur
std::vector<std::string> print_labels(const std::vector<Found>& all, const Meanings& meanings,
                                      const std::vector<std::string>& names) {
  std::map<std::size_t, Count> ids;
  std::map<std::int64_t, Count> categories;
  std::int64_t total = 0;
  for (const auto& found : all) {
    std::set<std::int64_t> present;
    for (const auto& [id, pixels] : found.pixels) {
      total += pixels;
      ids[id].pixels += pixels;
      ++ids[id].images;
      if (!meanings[id]) continue;
      categories[*meanings[id]].pixels += pixels;
      if (present.insert(*meanings[id]).second) ++categories[*meanings[id]].images;
    }
  }
  fmt::print("  {:<16}{:>14}{:>11}{:>8}  meaning\n", "label id", "pixels", "share", "images");
  for (const auto& [id, count] : ids) {
    const auto meaning = meanings[id] ? *meanings[id] == cag::kIgnoreIndex
                                            ? "ignored"
                                            : names[static_cast<std::size_t>(*meanings[id])]
                                      : "NOT IN THE TABLE";
    print_count(fmt::format("{}", id), count, total, meaning);
  }
  fmt::print("  {:<16}{:>14}{:>11}{:>8}\n", "category", "pixels", "share", "images");
  std::vector<std::string> absent;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto& count = categories[static_cast<std::int64_t>(k)];
    print_count(names[k], count, total);
    if (count.pixels == 0) absent.push_back(names[k]);
  }
  print_count("(ignored)", categories[cag::kIgnoreIndex], total);
  return absent;
}

class Problems {
 public:
  void add(const std::vector<Found>& all) {
    for (const auto& found : all)
      if (!found.problem.empty()) list_.push_back(found.problem);
  }

  /// @return what `open` gives, or nothing and a problem more
  template <typename Open>
  auto opened(Open open) -> std::optional<decltype(open())> {
    try {
      return open();
    } catch (const cag::Error& error) {
      list_.emplace_back(error.what());
      return {};
    }
  }

  bool none() const { return list_.empty(); }

  int report() const {
    constexpr std::size_t kShown = 20;
    if (list_.empty()) {
      fmt::print("no problems\n");
      return 0;
    }
    fmt::print("{} problem{}:\n", list_.size(), list_.size() == 1 ? "" : "s");
    for (std::size_t i = 0; i < std::min(list_.size(), kShown); ++i)
      fmt::print("  {}\n", common::printable(list_[i]));
    if (list_.size() > kShown) fmt::print("  and {} more\n", list_.size() - kShown);
    return static_cast<int>(cag::Fault::kData);
  }

 private:
  std::vector<std::string> list_;
};

void check_source(const Program& program, const Config& config, Problems& problems) {
  const auto table = program.source_table.select(category_names(config));
  const auto& root = config.data.source;
  const auto labels = problems.opened([&] {
    return Labels{program.open_source(root, table_of_ids()), program.open_source(root, table),
                  meanings_of(table)};
  });
  if (!labels) return fmt::print("source {}: cannot be opened\n", root.string());
  const auto all = examine(*labels, config.data.workers);
  fmt::print("source {}: {} pairs of image and labels\n", root.string(), all.size());
  print_sizes(all);
  const auto absent = print_labels(all, labels->meanings, table.names());
  if (!absent.empty()) fmt::print("  warning: never in the source: {}\n", fmt::join(absent, ", "));
  problems.add(all);
}

void check_target(const Config& config, Problems& problems) {
  const auto table = target_table(config);
  const auto& data = config.data;
  const auto name = [&](const std::string& split) {
    return fmt::format("target {}, split {}", data.target.string(), split);
  };
  const auto images = problems.opened([&] {
    return Images{Unlabelled(cag::data::CityscapesImages(data.target, data.train_split))};
  });
  if (images) {
    const auto all = examine(*images, data.workers);
    fmt::print("{}: {} images, labels not read\n", name(data.train_split), all.size());
    print_sizes(all);
    problems.add(all);
  } else {
    fmt::print("{}: cannot be opened\n", name(data.train_split));
  }
  const auto truth = data.target / "gtFine" / data.val_split;
  if (!problems.opened([&] { return common::is_there(truth); }).value_or(true))
    return fmt::print("{}: no labels, the target will not be evaluated\n", name(data.val_split));
  const auto labels = problems.opened([&] {
    const auto open = [&](const cag::LabelTable& t) {
      return Labelled(cag::data::CityscapesPairs(data.target, data.val_split, t));
    };
    return Labels{open(table_of_ids()), open(table), meanings_of(table)};
  });
  if (!labels) return fmt::print("{}: cannot be opened\n", name(data.val_split));
  const auto all = examine(*labels, data.workers);
  fmt::print("{}: {} pairs of image and labels\n", name(data.val_split), all.size());
  print_sizes(all);
  if (print_labels(all, labels->meanings, table.names()).size() == table.names().size())
    fmt::print("  warning: no label of any category: the target's IoUs will be unknown\n");
  problems.add(all);
}

}  // namespace

int check_data(const Program& program, const Config& config) {
  Problems problems;
  check_source(program, config, problems);
  check_target(config, problems);
  problems.opened([&] { return device_of(config.run.device); });
  // Nothing wrong with the files: as a whole they are what a run would open.
  if (problems.none()) problems.opened([&] { return World::open(config, program); });
  return problems.report();
}

}  // namespace pipeline
