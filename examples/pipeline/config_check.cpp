#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cag/detail/json_utf8.hpp>
#include <cag/detail/printable.hpp>
#include <cag/error.hpp>
#include <cag/label/ignore.hpp>

#include "pipeline/config.hpp"
#include "pipeline/results.hpp"
#include "pipeline/world.hpp"

namespace pipeline {
namespace {

void expect(bool good, std::string_view key, std::string_view expectation, const auto& actual) {
  if (!good) throw cag::UsageError("{}: expected {}, got {}", key, expectation, actual);
}

void expect_one_of(std::string_view key, const std::string& value,
                   const std::vector<std::string_view>& choices) {
  if (std::find(choices.begin(), choices.end(), value) == choices.end())
    throw cag::UsageError("{}: expected one of {}, got {}", key, fmt::join(choices, ", "), value);
}

/// The run's configuration is a TOML file, which is UTF-8.
void check_text(std::string_view key, std::string_view text, std::string_view what) {
  for (std::string_view rest = text; !rest.empty();) {
    const auto length = cag::detail::utf8_sequence_length(rest);
    expect(length > 0, key, fmt::format("{} in UTF-8", what), text);
    rest.remove_prefix(length);
  }
}

void check_path(std::string_view key, const std::filesystem::path& path) {
  check_text(key, path.native(), "a path");
}

void check_folders(const std::string& section, const Config::Folders& folders) {
  check_path(section + ".images", folders.images);
  check_path(section + ".labels", folders.labels);
  check_text(section + ".image_suffix", folders.image_suffix, "a name");
  check_text(section + ".label_suffix", folders.label_suffix, "a name");
}

/// A name stands in a line of a table and in the columns of results.csv.
void check_name(const std::string& name) {
  check_text("categories.name", name, "a name");
  constexpr std::size_t kLongest = 256;  // as anchor files
  expect(name.size() <= kLongest, "categories.name", fmt::format("at most {} bytes", kLongest),
         name.size());
  const bool plain = name.find_first_of(",\"") == name.npos && cag::detail::printable(name) == name;
  expect(plain && name.front() != ' ' && name.back() != ' ', "categories.name",
         "a name without commas, quotes, control characters or spaces around it", name);
}

void check_rows(const std::vector<Config::CategoryRow>& rows) {
  expect(rows.size() != 1 && std::ssize(rows) <= cag::kIgnoreIndex, "categories",
         fmt::format("2 to {} of them", cag::kIgnoreIndex), rows.size());
  for (auto row = rows.begin(); row != rows.end(); ++row) {
    check_name(row->name);
    for (auto other = rows.begin(); other != row; ++other) {
      expect(other->name != row->name, "categories.name", "each name once", row->name);
      expect(column_of(other->name) != column_of(row->name), "categories.name",
             fmt::format("names with columns of their own in results.csv, other than {} of {}",
                         column_of(other->name), other->name),
             row->name);
      expect(!row->colour || other->colour != row->colour, "categories.colour",
             fmt::format("a colour of its own for {}", row->name),
             fmt::format("that of {}", other->name));
    }
  }
}

/// @param known  the names there are
void check_categories(const std::vector<std::string>& names,
                      const std::vector<std::string>& known) {
  expect(names.size() != 1, "data.categories", "2 names or more, or none for all", names.size());
  for (auto name = names.begin(); name != names.end(); ++name) {
    expect(std::find(known.begin(), known.end(), *name) != known.end(), "data.categories",
           fmt::format("names of {}", fmt::join(known, ", ")), *name);
    expect(std::find(names.begin(), name, *name) == name, "data.categories", "each name once",
           *name);
  }
}

/// The batch norm of its image pooling has one value for each image.
void check_batches(const Config& config) {
  const auto& r = config.run;
  expect(r.micro_batches >= 1 && r.batch % r.micro_batches == 0, "run.micro_batches",
         fmt::format("a divisor of run.batch, {}", r.batch), r.micro_batches);
  expect(r.micro_batches == 1 || config.warm_up.method == "source", "run.micro_batches",
         "1 beside an adversarial warm-up, whose discriminators step with each piece",
         r.micro_batches);
  if (config.network.norm != "batch") return;
  const auto& a = config.augmentation;
  const auto cell = config.network.name == "compact" ? 8 : config.network.output_stride;
  const auto cells = [cell](std::int64_t size) { return (size + cell - 1) / cell; };
  expect(
      a.crop_width == 0 ||
          cells(a.crop_width) * cells(a.crop_height) * (r.batch / r.micro_batches) >= 2,
      "augmentation.crop_width",
      fmt::format("crops of more than {} x {} for one image at a time with batch norm", cell, cell),
      fmt::format("{} x {}", a.crop_width, a.crop_height));
  if (config.network.name != "deeplab_v3_plus") return;
  for (const auto& [key, batch] :
       {std::pair("run.batch", r.batch),
        std::pair("run.batch / run.micro_batches", r.batch / r.micro_batches),
        std::pair("run.evaluation_batch", r.evaluation_batch)})
    expect(batch >= 2, key, "at least 2 for deeplab_v3_plus with batch norm", batch);
}

void check_warm_up(const Config& config) {
  const auto& w = config.warm_up;
  expect_one_of("warm_up.method", w.method, {"source", "adversarial"});
  expect_one_of("warm_up.adversarial_loss", w.adversarial_loss, {"vanilla", "least_squares"});
  for (const auto& [key, value] :
       {std::pair("warm_up.adversarial_weight", w.adversarial_weight),
        std::pair("warm_up.auxiliary_adversarial_weight", w.auxiliary_adversarial_weight),
        std::pair("warm_up.discriminator_rate", w.discriminator_rate)})
    expect(value >= 0 && value < 1e36, key, "0 to 10^36", value);
  expect(w.method == "source" || config.stages.method != "oracle", "warm_up.method",
         "source beside the oracle, whose target has labels", w.method);
  const auto& a = config.augmentation;
  const bool cropped = a.crop_width > 0;
  for (const auto& [key, size] :
       {std::pair("augmentation.crop_width", a.crop_width),
        std::pair("augmentation.crop_height", a.crop_height),
        std::pair("augmentation.source_width", cropped ? 0 : a.source_width),
        std::pair("augmentation.source_height", cropped ? 0 : a.source_height),
        std::pair("augmentation.target_width", cropped ? 0 : a.target_width),
        std::pair("augmentation.target_height", cropped ? 0 : a.target_height)})
    expect(w.method == "source" || size == 0 || size >= kLeastSide, key,
           fmt::format("at least {} for an adversarial warm-up", kLeastSide), size);
}

void check_stage(const std::string& section, const Config::Stage& stage) {
  constexpr std::int64_t kMost = 1'000'000'000;
  expect(stage.iterations >= 0 && stage.iterations <= kMost, section + ".iterations", "0 to 10^9",
         stage.iterations);
  expect(stage.optimization.max_iterations >= 0 && stage.optimization.max_iterations <= kMost + 1,
         section + ".max_iterations", "0 to 10^9 + 1", stage.optimization.max_iterations);
  auto optimization = stage.optimization;
  optimization.max_iterations = std::max<std::int64_t>(optimization.max_iterations, 1);
  try {
    optimization.check();
  } catch (const cag::UsageError& error) {
    throw cag::UsageError("{}.{}", section, error.what());
  }
  // LibTorch takes them as floats.
  expect(optimization.learning_rate < 1e38, section + ".learning_rate", "below 10^38",
         optimization.learning_rate);
  expect(optimization.weight_decay < 1e38, section + ".weight_decay", "below 10^38",
         optimization.weight_decay);
}

}  // namespace

void check_network(const Config::Network& n) {
  expect_one_of("network.name", n.name, {"deeplab_v3_plus", "deeplab_v2", "compact"});
  expect_one_of("network.norm", n.norm, {"batch", "frozen_batch", "group"});
  expect(n.norm == "batch" || n.name != "compact", "network.norm", "batch for compact", n.norm);
  expect(n.levels == 1 || (n.levels == 2 && n.name == "deeplab_v2"), "network.levels",
         "1, or 2 for deeplab_v2", n.levels);
  if (n.name == "compact") return;
  expect(n.depth == 18 || n.depth == 34 || n.depth == 50 || n.depth == 101, "network.depth",
         "18, 34, 50 or 101", n.depth);
  expect(n.output_stride == 8 || n.output_stride == 16, "network.output_stride", "8 or 16",
         n.output_stride);
}

void check(const Config& config) {
  const auto& d = config.data;
  check_path("data.source", d.source);
  check_path("data.target", d.target);
  check_path("run.start", config.run.start);
  check_path("network.weights", config.network.weights);
  expect(config.run.start.empty() || config.network.weights.empty(), "network.weights",
         "none beside run.start, which replaces the warm-up", config.network.weights.string());
  check_rows(config.categories);
  Config all;
  all.categories = config.categories;
  check_categories(d.categories, category_names(all));
  check_folders("source", config.source);
  check_folders("target", config.target);
  check_path("target.validation_images", config.target.validation_images);
  check_path("target.validation_labels", config.target.validation_labels);
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
  expect(std::isfinite(a.ratio_high), "augmentation.ratio_high", "a finite number", a.ratio_high);
  expect(a.ratio_low > 0 && a.ratio_low <= a.ratio_high && a.ratio_high <= 100,
         "augmentation.ratio_low", "0 < ratio_low <= ratio_high <= 100", a.ratio_low);
  expect(a.flip >= 0 && a.flip <= 1, "augmentation.flip", "0 to 1", a.flip);
  expect(a.brightness >= 0 && a.brightness < 1, "augmentation.brightness", "0 <= brightness < 1",
         a.brightness);
  expect(a.contrast >= 0 && a.contrast < 1, "augmentation.contrast", "0 <= contrast < 1",
         a.contrast);
  expect(a.base_width == 0 || a.crop_width > 0, "augmentation.base_width",
         "0 without a crop, for rescaled images differ in size", a.base_width);
  check_network(config.network);
  expect_one_of("loss.class_weights", config.class_weights, {"none", "inverse_root"});
  check_stage("warm_up", config.warm_up);
  check_warm_up(config);
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
  expect(s.anchor_every >= 1 && s.anchor_every <= 1'000'000, "stages.anchor_every", "1 to 10^6",
         s.anchor_every);
  const auto& r = config.run;
  expect(r.seed >= 0, "run.seed", "at least 0", r.seed);
  expect(r.threads >= 0 && r.threads <= 1024, "run.threads", "0 to 1024", r.threads);
  for (const auto& [key, batch] :
       {std::pair("run.batch", r.batch), std::pair("run.evaluation_batch", r.evaluation_batch)})
    expect(batch >= 1 && batch <= kMostImages, key, fmt::format("1 to {}", kMostImages), batch);
  check_batches(config);
  expect(r.save_every >= 1, "run.save_every", "at least 1", r.save_every);
  expect(r.evaluate_every >= 0, "run.evaluate_every", "at least 0", r.evaluate_every);
}

}  // namespace pipeline
