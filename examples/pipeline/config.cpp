#include "pipeline/config.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <cag/data/label_tables.hpp>
#include <cag/error.hpp>

#include "pipeline/config_labels.hpp"

namespace pipeline {
namespace {

void visit_stage(const std::string& section, auto& stage, auto& visitor) {
  visitor(section + ".iterations", stage.iterations);
  visitor(section + ".learning_rate", stage.optimization.learning_rate);
  visitor(section + ".momentum", stage.optimization.momentum);
  visitor(section + ".weight_decay", stage.optimization.weight_decay);
  visitor(section + ".power", stage.optimization.power);
  visitor(section + ".max_iterations", stage.optimization.max_iterations);
}

void visit_folders(const std::string& section, auto& folders, auto& visitor) {
  visitor(section + ".images", folders.images);
  visitor(section + ".labels", folders.labels);
  visitor(section + ".image_suffix", folders.image_suffix);
  visitor(section + ".label_suffix", folders.label_suffix);
  visitor(section + ".label_values", folders.label_values);
  visitor(section + ".ignored", folders.ignored);
}

/// The one list of keys: calls `visitor(key, value)` for each.
template <typename C, typename Visitor>
void visit(C& config, Visitor visitor) {
  visitor("data.source", config.data.source);
  visitor("data.target", config.data.target);
  visitor("data.train_split", config.data.train_split);
  visitor("data.val_split", config.data.val_split);
  visitor("data.categories", config.data.categories);
  visitor("data.holdout_every", config.data.holdout_every);
  visitor("data.cache_mib", config.data.cache_mib);
  visitor("data.workers", config.data.workers);
  visitor("data.mean", config.data.mean);
  visitor("data.deviation", config.data.deviation);
  visitor("categories", config.categories);
  visit_folders("source", config.source, visitor);
  visit_folders("target", config.target, visitor);
  visitor("target.validation_images", config.target.validation_images);
  visitor("target.validation_labels", config.target.validation_labels);
  visitor("augmentation.source_width", config.augmentation.source_width);
  visitor("augmentation.source_height", config.augmentation.source_height);
  visitor("augmentation.target_width", config.augmentation.target_width);
  visitor("augmentation.target_height", config.augmentation.target_height);
  visitor("augmentation.base_width", config.augmentation.base_width);
  visitor("augmentation.ratio_low", config.augmentation.ratio_low);
  visitor("augmentation.ratio_high", config.augmentation.ratio_high);
  visitor("augmentation.crop_width", config.augmentation.crop_width);
  visitor("augmentation.crop_height", config.augmentation.crop_height);
  visitor("augmentation.flip", config.augmentation.flip);
  visitor("augmentation.brightness", config.augmentation.brightness);
  visitor("augmentation.contrast", config.augmentation.contrast);
  visitor("network.name", config.network.name);
  visitor("network.depth", config.network.depth);
  visitor("network.output_stride", config.network.output_stride);
  visitor("network.norm", config.network.norm);
  visitor("network.levels", config.network.levels);
  visitor("network.weights", config.network.weights);
  visitor("loss.class_weights", config.class_weights);
  visit_stage("warm_up", config.warm_up, visitor);
  visitor("warm_up.method", config.warm_up.method);
  visitor("warm_up.adversarial_loss", config.warm_up.adversarial_loss);
  visitor("warm_up.adversarial_weight", config.warm_up.adversarial_weight);
  visitor("warm_up.auxiliary_adversarial_weight", config.warm_up.auxiliary_adversarial_weight);
  visitor("warm_up.discriminator_rate", config.warm_up.discriminator_rate);
  visitor("stages.count", config.stages.count);
  visitor("stages.method", config.stages.method);
  visitor("stages.profile", config.stages.profile);
  visitor("stages.labels", config.stages.labels);
  visitor("stages.teacher", config.stages.teacher);
  visitor("stages.margin", config.stages.margin);
  visitor("stages.probability", config.stages.probability);
  visitor("stages.anchor_weight", config.stages.anchor_weight);
  visitor("stages.anchor_every", config.stages.anchor_every);
  visit_stage("stages", config.stages, visitor);
  visitor("run.start", config.run.start);
  visitor("run.seed", config.run.seed);
  visitor("run.threads", config.run.threads);
  visitor("run.batch", config.run.batch);
  visitor("run.micro_batches", config.run.micro_batches);
  visitor("run.evaluation_batch", config.run.evaluation_batch);
  visitor("run.save_every", config.run.save_every);
  visitor("run.evaluate_every", config.run.evaluate_every);
  visitor("run.device", config.run.device);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row.back();
}

/// A question after the known key that is close to `key`, empty where none is. A key that ends in a
/// dot is a section, to be close to a section.
std::string suggestion(std::string_view key) {
  Config defaults;
  std::string best;
  std::size_t least = key.size() / 3 + 1;
  visit(defaults, [&](std::string_view known, auto&) {
    if (key.ends_with('.')) known = known.substr(0, known.find('.') + 1);
    const auto distance = edit_distance(key, known);
    if (distance < least) {
      least = distance;
      best = known;
    }
  });
  if (best.ends_with('.')) best.pop_back();
  return best.empty() ? "" : fmt::format(": did you mean {}?", best);
}

template <typename T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, std::int64_t>) return "an integer";
  if constexpr (std::is_same_v<T, double>) return "a number";
  if constexpr (std::is_same_v<T, std::vector<double>>) return "a list of numbers";
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "a list of strings";
  return "a string";
}

template <typename T>
bool assign(T& value, const toml::node& node) {
  if constexpr (std::is_same_v<T, std::filesystem::path>) {
    const auto text = node.value_exact<std::string>();
    if (text) value = *text;
    return text.has_value();
  } else if constexpr (std::is_same_v<T, std::vector<double>> ||
                       std::is_same_v<T, std::vector<std::string>>) {
    const auto* array = node.as_array();
    if (array == nullptr) return false;
    T items;
    for (const auto& item : *array) {
      typename T::value_type element{};
      if (!assign(element, item)) return false;
      items.push_back(element);
    }
    value = std::move(items);
    return true;
  } else if constexpr (std::is_same_v<T, double>) {
    if (!node.is_number()) return false;
    value = *node.value<double>();
    return true;
  } else {
    const auto exact = node.value_exact<T>();
    if (exact) value = *exact;
    return exact.has_value();
  }
}

void set(Config& config, const std::string& key, const toml::node& node, const std::string& file) {
  const auto where = place_of(node, file);
  bool known = false;
  visit(config, [&](std::string_view name, auto& value) {
    if (name != key) return;
    known = true;
    if constexpr (described_by_labels<decltype(value)>) {
      read_labels(value, node, file, key);
      return;
    } else if (!assign(value, node))
      throw cag::UsageError("{}: {}: expected {}, got {}", where, key,
                            type_name<std::remove_cvref_t<decltype(value)>>(), describe(node));
  });
  if (!known) throw cag::UsageError("{}: unknown key {}{}", where, key, suggestion(key));
}

void expect_section(const std::string& section, const std::string& where) {
  Config defaults;
  bool known = false;
  visit(defaults, [&](std::string_view key, auto&) { known |= key.starts_with(section + "."); });
  if (!known)
    throw cag::UsageError("{}: unknown section {}{}", where, section, suggestion(section + "."));
}

void set_all(Config& config, const std::string& prefix, const toml::table& table,
             const std::string& file) {
  for (const auto& [name, node] : table) {
    const auto key =
        prefix.empty() ? std::string(name.str()) : prefix + "." + std::string(name.str());
    if (const auto* inner = node.as_table(); inner != nullptr && key != "categories") {
      if (inner->empty()) expect_section(key, place_of(node, file));
      set_all(config, key, *inner, file);
    } else {
      set(config, key, node, file);
    }
  }
}

toml::table parse(std::string_view text, const std::string& what) {
  try {
    return toml::parse(text, what);
  } catch (const toml::parse_error& error) {
    throw cag::UsageError("{}:{}:{}: {}", what, error.source().begin.line,
                          error.source().begin.column, error.description());
  }
}

template <typename T>
toml::array to_array(const std::vector<T>& items) {
  toml::array array;
  for (const auto& item : items) array.push_back(item);
  return array;
}

template <typename T>
void insert(toml::table& table, std::string_view name, const T& value) {
  if constexpr (std::is_same_v<T, std::filesystem::path>) {
    table.insert(name, value.string());
  } else if constexpr (std::is_same_v<T, std::vector<double>> ||
                       std::is_same_v<T, std::vector<std::string>>) {
    table.insert(name, to_array(value));
  } else if constexpr (described_by_labels<T>) {
    insert_labels(table, name, value);
  } else {
    table.insert(name, value);
  }
}

template <typename T>
std::string text_of(const T& value) {
  toml::table table;
  insert(table, "", value);
  return fmt::format("{}", fmt::streamed(table));
}

/// Key -> value.
std::map<std::string, std::string, std::less<>> texts_of(const Config& config) {
  std::map<std::string, std::string, std::less<>> texts;
  visit(config,
        [&](std::string_view key, const auto& value) { texts.emplace(key, text_of(value)); });
  return texts;
}

}  // namespace

std::string value_text(const Config& config, std::string_view key) {
  const auto texts = texts_of(config);
  const auto text = texts.find(key);
  if (text == texts.end()) throw cag::UsageError("unknown key {}{}", key, suggestion(key));
  // Without the empty key, in quotes.
  const auto& value = text->second;
  return value.find(" = ") == 2 ? value.substr(5) : value;
}

std::string first_difference(const Config& a, const Config& b) {
  static const std::set<std::string, std::less<>> harmless{"data.source",
                                                           "data.target",
                                                           "source.images",
                                                           "source.labels",
                                                           "target.images",
                                                           "target.labels",
                                                           "target.validation_images",
                                                           "target.validation_labels",
                                                           "network.weights",
                                                           "data.cache_mib",
                                                           "data.workers",
                                                           "run.start",
                                                           "stages.count",
                                                           "run.threads",
                                                           "run.save_every",
                                                           "run.evaluate_every",
                                                           "run.device"};
  const auto values = texts_of(a);
  std::string first;
  visit(b, [&](std::string_view key, const auto& value) {
    if (first.empty() && !harmless.contains(key) && values.find(key)->second != text_of(value))
      first = key;
  });
  return first;
}

std::string first_described_key(const Config& config) {
  const auto defaults = texts_of(Config{});
  std::string first;
  visit(config, [&](std::string_view key, const auto& value) {
    const bool described =
        key.starts_with("source.") || key.starts_with("target.") || key == "categories";
    if (first.empty() && described && defaults.find(key)->second != text_of(value)) first = key;
  });
  return first;
}

Config parse_config(std::string_view text, const std::string& name) {
  Config config;
  set_all(config, "", parse(std::string(text), name), name);
  return config;
}

Config read_config(const std::filesystem::path& file, Config config) {
  std::ifstream stream;
  // Opening a pipe would wait.
  if (std::error_code error; std::filesystem::is_regular_file(file, error)) stream.open(file);
  if (!stream.is_open())
    throw cag::UsageError("cannot read the configuration {}: expected a file", file.string());
  std::ostringstream text;
  text << stream.rdbuf();
  set_all(config, "", parse(text.str(), file.string()), file.string());
  return config;
}

void override_value(Config& config, std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw cag::UsageError("expected section.key=value, got {}", assignment);
  const std::string key(assignment.substr(0, equals));
  const std::string text(assignment.substr(equals + 1));
  if (text.find_first_of("\n\r") != std::string::npos)
    throw cag::UsageError("{}: expected one value, got several lines", key);
  toml::table table;
  try {
    table = toml::parse("value = " + text);
  } catch (const toml::parse_error&) {
    table.insert("value", text);  // a bare word is a string
  }
  set(config, key, *table.get("value"), "command line");
}

std::string to_toml(const Config& config) {
  toml::table root;
  visit(config, [&](std::string_view key, const auto& value) {
    const auto dot = key.find('.');
    if (dot == key.npos) return insert(root, key, value);
    const auto section = root.insert(key.substr(0, dot), toml::table{}).first;
    insert(*section->second.as_table(), key.substr(dot + 1), value);
  });
  std::ostringstream text;
  text << root << "\n";
  return text.str();
}

}  // namespace pipeline
