#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cag/data/colour.hpp>
#include <cag/stage/optimization.hpp>

namespace pipeline {

/// What label files hold for a category, or for none: ids, or colours.
struct LabelValues {
  std::vector<std::int64_t> ids{};
  std::vector<cag::Colour> colours{};

  bool empty() const { return ids.empty() && colours.empty(); }
  friend bool operator==(const LabelValues&, const LabelValues&) = default;
};

/// The configuration of a run. Defaults are those of the published code for the real data sets.
struct Config {
  struct Data {
    std::filesystem::path source;
    std::filesystem::path target;
    std::string train_split = "train";    ///< of the target, read without labels
    std::string val_split = "val";        ///< of the target, for evaluation
    std::vector<std::string> categories;  ///< empty: the 19 of Cityscapes
    std::int64_t holdout_every = 50;      ///< every k-th source image is for validation
    std::int64_t cache_mib = 1024;        ///< decoded images kept in memory, per domain
    std::int64_t workers = 2;             ///< threads that read and augment ahead, per domain
    std::vector<double> mean{0, 0, 0};    ///< of the input, after division by 255
    std::vector<double> deviation{1, 1, 1};
  } data;

  /// A category where data sets are described by folders.
  struct CategoryRow {
    std::string name{};
    std::optional<cag::Colour> colour{};  ///< in pictures
    LabelValues source{}, target{};       ///< in label files; empty: the domain lacks it
    friend bool operator==(const CategoryRow&, const CategoryRow&) = default;
  };
  std::vector<CategoryRow> categories;  ///< empty: the program knows them

  /// Where a domain's files lie below its folder, where data sets are described by folders.
  struct Folders {
    std::filesystem::path images, labels;
    std::string image_suffix, label_suffix;  ///< of names, before their end
    std::string label_values = "ids";        ///< or "colours"
    LabelValues ignored;                     ///< values without a category
  };
  Folders source;
  struct TargetFolders : Folders {
    std::filesystem::path validation_images, validation_labels;
  } target;

  struct Augmentation {
    std::int64_t source_width = 1914, source_height = 1052;  ///< before the others; 0: as it is
    std::int64_t target_width = 2048, target_height = 1024;
    std::int64_t base_width = 2200;  ///< of the random rescale; 0: none
    double ratio_low = 0.5, ratio_high = 1.5;
    std::int64_t crop_width = 896, crop_height = 512;  ///< 0: whole images
    double flip = 0.5;
    double brightness = 0, contrast = 0;
  } augmentation;

  struct Network {
    std::string name = "deeplab_v3_plus";
    std::int64_t depth = 101;
    std::int64_t output_stride = 16;
    std::string norm = "batch";       ///< or "frozen_batch", "group"
    std::int64_t levels = 1;          ///< classifiers of DeepLabV2: 2 adds one on the third layer
    std::filesystem::path weights{};  ///< to begin the warm-up with; empty: none
  } network;

  std::string class_weights = "none";  ///< or "inverse_root": frequency^-1/2

  struct Stage {
    std::int64_t iterations = 90000;
    cag::Optimization optimization{.max_iterations = 0};  ///< max_iterations 0: iterations + 1
  };
  struct WarmUp : Stage {
    std::string method = "source";                 ///< or "adversarial"
    std::string adversarial_loss = "vanilla";      ///< or "least_squares"
    double adversarial_weight = 0.001;             ///< in the loss
    double auxiliary_adversarial_weight = 0.0002;  ///< of the second level's
    double discriminator_rate = 1e-4;              ///< of Adam, at the first iteration
  } warm_up;

  struct Stages : Stage {
    std::int64_t count = 3;
    std::string method = "self_training";  ///< or "control", "oracle"
    std::string profile = "cag";           ///< or "published_code", "paper"
    std::string labels = "both";           ///< or "margin", "probability", "agreement"
    std::string teacher = "profile";       ///< or "as_trained", "reestimated"
    double margin = 2.5;
    double probability = 0.95;
    double anchor_weight = 0.7;
    std::int64_t anchor_every = 1;  ///< every k-th source image goes into the anchors
  } stages;

  struct Run {
    std::filesystem::path start;  ///< a trained network in place of the warm-up; empty: none
    std::int64_t seed = 0;
    std::int64_t threads = 0;        ///< 0: as many as the machine has
    std::int64_t batch = 4;          ///< of each domain
    std::int64_t micro_batches = 1;  ///< pieces of it that a step takes one after the other
    std::int64_t evaluation_batch = 4;
    std::int64_t save_every = 500;    ///< steps between checkpoints
    std::int64_t evaluate_every = 0;  ///< steps between evaluations inside a stage; 0: at ends
    std::string device = "cpu";
  } run;
};

/// Images at a time, of a batch.
inline constexpr std::int64_t kMostImages = 4096;

/// Pixels of a side that an adversarial warm-up's discriminator needs: five layers of stride 2.
inline constexpr std::int64_t kLeastSide = 32;

/// Reads a TOML file over the defaults.
/// @throws cag::UsageError naming the file, the line and the key; an unknown key is answered with
///   a known one that is close
Config read_config(const std::filesystem::path& file, Config config = {});

/// The same of a text; `name` stands for the file in errors.
Config parse_config(std::string_view text, const std::string& name);

/// Sets one value from "section.key=value".
void override_value(Config& config, std::string_view assignment);

/// The first key by which two runs would differ, "" for none. What changes no result does not
/// count: where data and networks lie, threads, the device, how often is saved and evaluated; nor
/// does the number of stages, so that a run can be made longer.
std::string first_difference(const Config& a, const Config& b);

/// The value of a known key as TOML writes it.
std::string value_text(const Config& config, std::string_view key);

/// Every key with its value, as TOML that read_config reads back.
std::string to_toml(const Config& config);

/// The first key of [source], [target] or [[categories]] that is not at its default, "" for none.
std::string first_described_key(const Config& config);

/// @throws cag::UsageError naming the first key whose value is out of range
void check(const Config& config);
void check_network(const Config::Network& network);

}  // namespace pipeline
