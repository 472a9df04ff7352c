#include "pipeline/config.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <cag/data/label_tables.hpp>
#include <cag/error.hpp>

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
  visitor("loss.class_weights", config.class_weights);
  visit_stage("warm_up", config.warm_up, visitor);
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

std::string nearest_key(std::string_view key) {
  Config defaults;
  std::string best;
  std::size_t least = std::string::npos;
  visit(defaults, [&](std::string_view known, auto&) {
    const auto distance = edit_distance(key, known);
    if (distance < least) {
      least = distance;
      best = known;
    }
  });
  return best;
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

std::string describe(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& n) {
    if constexpr (toml::is_array<decltype(n)>)
      text << "a list";
    else if constexpr (toml::is_table<decltype(n)>)
      text << "a table";
    else
      text << n;
  });
  return text.str();
}

void set(Config& config, const std::string& key, const toml::node& node, const std::string& where) {
  bool known = false;
  visit(config, [&](std::string_view name, auto& value) {
    if (name != key) return;
    known = true;
    if (!assign(value, node))
      throw cag::UsageError("{}: {}: expected {}, got {}", where, key,
                            type_name<std::remove_cvref_t<decltype(value)>>(), describe(node));
  });
  if (!known)
    throw cag::UsageError("{}: unknown key {}: did you mean {}?", where, key, nearest_key(key));
}

void expect_section(const std::string& section, const std::string& where) {
  Config defaults;
  bool known = false;
  visit(defaults, [&](std::string_view key, auto&) { known |= key.starts_with(section + "."); });
  if (!known)
    throw cag::UsageError("{}: unknown section {}: did you mean {}?", where, section,
                          nearest_key(section + "."));
}

void set_all(Config& config, const std::string& prefix, const toml::table& table,
             const std::string& file) {
  for (const auto& [name, node] : table) {
    const auto key =
        prefix.empty() ? std::string(name.str()) : prefix + "." + std::string(name.str());
    const auto where = fmt::format("{}:{}", file, node.source().begin.line);
    if (const auto* inner = node.as_table()) {
      if (inner->empty()) expect_section(key, where);
      set_all(config, key, *inner, file);
    } else {
      set(config, key, node, where);
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

void expect(bool good, std::string_view key, std::string_view expectation, const auto& actual) {
  if (!good) throw cag::UsageError("{}: expected {}, got {}", key, expectation, actual);
}

void expect_one_of(std::string_view key, const std::string& value,
                   const std::vector<std::string_view>& choices) {
  if (std::find(choices.begin(), choices.end(), value) == choices.end())
    throw cag::UsageError("{}: expected one of {}, got {}", key, fmt::join(choices, ", "), value);
}

void check_categories(const std::vector<std::string>& names) {
  expect(names.size() != 1, "data.categories", "2 names or more, or none for all", names.size());
  const auto known = cag::label_table::cityscapes().names();
  for (auto name = names.begin(); name != names.end(); ++name) {
    expect(std::find(known.begin(), known.end(), *name) != known.end(), "data.categories",
           fmt::format("names of {}", fmt::join(known, ", ")), *name);
    expect(std::find(names.begin(), name, *name) == name, "data.categories", "each name once",
           *name);
  }
}

void check_network(const Config& config) {
  const auto& n = config.network;
  expect_one_of("network.name", n.name, {"deeplab_v3_plus", "compact"});
  if (n.name != "deeplab_v3_plus") return;
  expect(n.depth == 18 || n.depth == 34 || n.depth == 50 || n.depth == 101, "network.depth",
         "18, 34, 50 or 101", n.depth);
  expect(n.output_stride == 8 || n.output_stride == 16, "network.output_stride", "8 or 16",
         n.output_stride);
  // The batch norm of its image pooling has one value for each image.
  for (const auto& [key, batch] : {std::pair("run.batch", config.run.batch),
                                   std::pair("run.evaluation_batch", config.run.evaluation_batch)})
    expect(batch >= 2, key, "at least 2 for deeplab_v3_plus", batch);
}

void check_stage(const std::string& section, const Config::Stage& stage) {
  expect(stage.iterations >= 0, section + ".iterations", "at least 0", stage.iterations);
  expect(stage.optimization.max_iterations >= 0, section + ".max_iterations", "at least 0",
         stage.optimization.max_iterations);
  auto optimization = stage.optimization;
  optimization.max_iterations = std::max<std::int64_t>(optimization.max_iterations, 1);
  try {
    optimization.check();
  } catch (const cag::UsageError& error) {
    throw cag::UsageError("{}.{}", section, error.what());
  }
}

}  // namespace

Config read_config(const std::filesystem::path& file, Config config) {
  std::ifstream stream(file);
  if (!stream) throw cag::UsageError("cannot read the configuration {}", file.string());
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
    using T = std::remove_cvref_t<decltype(value)>;
    const auto dot = key.find('.');
    const std::string section(key.substr(0, dot));
    const std::string name(key.substr(dot + 1));
    auto& table = *root.insert(section, toml::table{}).first->second.as_table();
    if constexpr (std::is_same_v<T, std::filesystem::path>) {
      table.insert(name, value.string());
    } else if constexpr (std::is_same_v<T, std::vector<double>> ||
                         std::is_same_v<T, std::vector<std::string>>) {
      table.insert(name, to_array(value));
    } else {
      table.insert(name, value);
    }
  });
  std::ostringstream text;
  text << root << "\n";
  return text.str();
}

void check(const Config& config) {
  const auto& d = config.data;
  check_categories(d.categories);
  expect(d.holdout_every >= 2, "data.holdout_every", "at least 2", d.holdout_every);
  expect(d.cache_mib >= 0, "data.cache_mib", "at least 0", d.cache_mib);
  expect(d.workers >= 0 && d.workers <= 64, "data.workers", "0 to 64", d.workers);
  expect(d.mean.size() == 3, "data.mean", "3 numbers", d.mean.size());
  expect(d.deviation.size() == 3, "data.deviation", "3 numbers", d.deviation.size());
  for (const auto m : d.mean) expect(std::isfinite(m), "data.mean", "finite numbers", m);
  for (const auto s : d.deviation)
    expect(s > 0 && std::isfinite(s), "data.deviation", "finite numbers above 0", s);
  const auto& a = config.augmentation;
  for (const auto& [key, value] :
       std::map<std::string_view, std::int64_t>{{"augmentation.source_width", a.source_width},
                                                {"augmentation.source_height", a.source_height},
                                                {"augmentation.target_width", a.target_width},
                                                {"augmentation.target_height", a.target_height},
                                                {"augmentation.base_width", a.base_width},
                                                {"augmentation.crop_width", a.crop_width},
                                                {"augmentation.crop_height", a.crop_height}})
    expect(value >= 0 && value <= 16384, key, "0 to 16384", value);
  expect((a.source_width == 0) == (a.source_height == 0), "augmentation.source_height",
         "both sizes or none", a.source_height);
  expect((a.target_width == 0) == (a.target_height == 0), "augmentation.target_height",
         "both sizes or none", a.target_height);
  expect((a.crop_width == 0) == (a.crop_height == 0), "augmentation.crop_height",
         "both sizes or none", a.crop_height);
  expect(a.ratio_low > 0 && a.ratio_low <= a.ratio_high && a.ratio_high <= 100,
         "augmentation.ratio_low", "0 < ratio_low <= ratio_high <= 100", a.ratio_low);
  expect(a.flip >= 0 && a.flip <= 1, "augmentation.flip", "0 to 1", a.flip);
  expect(a.brightness >= 0 && a.brightness < 1, "augmentation.brightness", "0 <= brightness < 1",
         a.brightness);
  expect(a.contrast >= 0 && a.contrast < 1, "augmentation.contrast", "0 <= contrast < 1",
         a.contrast);
  expect(a.base_width == 0 || a.crop_width > 0, "augmentation.base_width",
         "0 without a crop, for rescaled images differ in size", a.base_width);
  check_network(config);
  expect_one_of("loss.class_weights", config.class_weights, {"none", "inverse_root"});
  check_stage("warm_up", config.warm_up);
  check_stage("stages", config.stages);
  const auto& s = config.stages;
  expect(s.count >= 0 && s.count <= 1000, "stages.count", "0 to 1000", s.count);
  expect_one_of("stages.method", s.method, {"self_training", "control", "oracle"});
  expect_one_of("stages.profile", s.profile, {"cag", "published_code", "paper"});
  expect_one_of("stages.labels", s.labels, {"both", "margin", "probability", "agreement"});
  expect_one_of("stages.teacher", s.teacher, {"profile", "as_trained", "reestimated"});
  expect(s.margin >= 0 && std::isfinite(s.margin), "stages.margin", "a finite number >= 0",
         s.margin);
  expect(s.probability >= 0 && s.probability < 1, "stages.probability", "0 <= probability < 1",
         s.probability);
  expect(s.anchor_weight >= 0 && std::isfinite(s.anchor_weight), "stages.anchor_weight",
         "a finite number >= 0", s.anchor_weight);
  expect(s.anchor_every >= 1, "stages.anchor_every", "at least 1", s.anchor_every);
  const auto& r = config.run;
  expect(r.seed >= 0, "run.seed", "at least 0", r.seed);
  expect(r.threads >= 0 && r.threads <= 1024, "run.threads", "0 to 1024", r.threads);
  expect(r.batch >= 1, "run.batch", "at least 1", r.batch);
  expect(r.evaluation_batch >= 1, "run.evaluation_batch", "at least 1", r.evaluation_batch);
  expect(r.save_every >= 1, "run.save_every", "at least 1", r.save_every);
  expect(r.evaluate_every >= 0, "run.evaluate_every", "at least 0", r.evaluate_every);
}

}  // namespace pipeline
