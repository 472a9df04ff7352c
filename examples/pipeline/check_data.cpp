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

#include <cag/error.hpp>
#include <cag/label/ignore.hpp>

#include "common/guarded.hpp"
#include "pipeline/device.hpp"
#include "pipeline/network.hpp"
#include "pipeline/weights.hpp"

namespace pipeline {
namespace {

/// What one image and its label file hold.
struct Found {
  std::optional<std::pair<std::int64_t, std::int64_t>> size;  // width, height
  std::map<std::int64_t, std::int64_t> pixels;                // by value
  std::string problem;
};

struct Labels {
  CountedLabels files;

  std::int64_t size() const { return files.labelled.size(); }

  void look(std::int64_t i, Found& found) const {
    auto [size, pixels] = files.count(i);
    found.size = {size.width, size.height};
    found.pixels = std::move(pixels);
    const bool listed = std::all_of(found.pixels.begin(), found.pixels.end(), [&](const auto& p) {
      return files.meaning(p.first).has_value();
    });
    if (!listed) files.labelled.get(i);  // throws what a run would
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
std::vector<std::string> print_labels(const std::vector<Found>& all, const CountedLabels& files,
                                      const std::vector<std::string>& names) {
  constexpr std::int64_t kUnlistedShown = 20;
  std::map<std::int64_t, Count> values;
  std::map<std::int64_t, Count> categories;
  std::int64_t total = 0;
  for (const auto& found : all) {
    std::set<std::int64_t> present;
    for (const auto& [value, pixels] : found.pixels) {
      total += pixels;
      values[value].pixels += pixels;
      ++values[value].images;
      const auto meaning = files.meaning(value);
      if (!meaning) continue;
      categories[*meaning].pixels += pixels;
      if (present.insert(*meaning).second) ++categories[*meaning].images;
    }
  }
  fmt::print("  {:<16}{:>14}{:>11}{:>8}  meaning\n", files.heading, "pixels", "share", "images");
  std::int64_t unlisted = 0;
  for (const auto& [value, count] : values) {
    const auto meaning = files.meaning(value);
    if (!meaning && ++unlisted > kUnlistedShown) continue;
    print_count(files.text(value), count, total,
                !meaning                        ? "NOT IN THE TABLE"
                : *meaning == cag::kIgnoreIndex ? "ignored"
                                                : names[static_cast<std::size_t>(*meaning)]);
  }
  if (unlisted > kUnlistedShown)
    fmt::print("  and {} more that are NOT IN THE TABLE\n", unlisted - kUnlistedShown);
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

/// Takes from `absent` the categories that a domain's labels cannot tell, and prints them.
void print_gaps(const std::vector<std::int64_t>& known, const std::vector<std::string>& names,
                std::string_view meaning, std::vector<std::string>& absent) {
  std::vector<std::string> gaps;
  for (std::int64_t k = 0; k < std::ssize(names); ++k)
    if (std::find(known.begin(), known.end(), k) == known.end())
      gaps.push_back(names[static_cast<std::size_t>(k)]);
  if (gaps.empty()) return;
  fmt::print("  no labels of: {}; {}\n", fmt::join(gaps, ", "), meaning);
  std::erase_if(absent, [&](const std::string& name) {
    return std::find(gaps.begin(), gaps.end(), name) != gaps.end();
  });
}

void check_source(const Layout& layout, const Config& config, Problems& problems) {
  const auto names = layout.table(config).names();
  const auto& root = config.data.source;
  const auto labels = problems.opened([&] { return Labels{layout.counted_source(config)}; });
  if (!labels) return fmt::print("source {}: cannot be opened\n", root.string());
  const auto all = examine(*labels, config.data.workers);
  fmt::print("source {}: {} pairs of image and labels\n", root.string(), all.size());
  print_sizes(all);
  auto absent = print_labels(all, labels->files, names);
  print_gaps(layout.known(config, Domain::kSource), names, "they get no anchor", absent);
  if (!absent.empty()) fmt::print("  warning: never in the source: {}\n", fmt::join(absent, ", "));
  problems.add(all);
}

void check_target(const Layout& layout, const Config& config, Problems& problems) {
  const auto names = layout.table(config).names();
  const auto& data = config.data;
  const auto name = [&](const std::string& split) {
    return fmt::format("target {}, split {}", data.target.string(), split);
  };
  const auto images =
      problems.opened([&] { return Images{layout.target(config, data.train_split)}; });
  if (images) {
    const auto all = examine(*images, data.workers);
    fmt::print("{}: {} images, labels not read\n", name(data.train_split), all.size());
    print_sizes(all);
    problems.add(all);
  } else {
    fmt::print("{}: cannot be opened\n", name(data.train_split));
  }
  if (!problems.opened([&] { return layout.has_target_labels(config, data.val_split); })
           .value_or(true))
    return fmt::print("{}: no labels, the target will not be evaluated\n", name(data.val_split));
  const auto labels =
      problems.opened([&] { return Labels{layout.counted_target(config, data.val_split)}; });
  if (!labels) return fmt::print("{}: cannot be opened\n", name(data.val_split));
  const auto all = examine(*labels, data.workers);
  fmt::print("{}: {} pairs of image and labels\n", name(data.val_split), all.size());
  print_sizes(all);
  auto absent = print_labels(all, labels->files, names);
  if (absent.size() == names.size())
    fmt::print("  warning: no label of any category: the target's IoUs will be unknown\n");
  print_gaps(layout.known(config, Domain::kTarget), names, "they are not in the target's mIoU",
             absent);
  problems.add(all);
}

}  // namespace

int check_data(const Program& program, const Config& config) {
  program.layout->check(config);
  Problems problems;
  check_source(*program.layout, config, problems);
  check_target(*program.layout, config, problems);
  problems.opened([&] { return device_of(config.run.device); });
  if (!config.run.start.empty())
    problems.opened([&] { return load_start(config.run.start, config); });
  if (!config.network.weights.empty())
    problems.opened([&] {
      const auto names = program.layout->table(config).names();
      auto net = make_network(config.network, std::ssize(names));
      return load_initial_weights(net.module(), config.network.weights);
    });
  // Nothing wrong with the files: as a whole they are what a run would open.
  if (problems.none()) problems.opened([&] { return World::open(config, program); });
  return problems.report();
}

}  // namespace pipeline
