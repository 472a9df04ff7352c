#include "pipeline/world.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ATen/ops/zeros.h>

#include <cag/data/cached.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/data/subset.hpp>
#include <cag/detail/xxh64.hpp>
#include <cag/error.hpp>
#include <cag/label/ignore.hpp>

namespace pipeline {
namespace {

template <typename D>
auto cached(D dataset, const Config& config) {
  return cag::data::Cached<D>(std::move(dataset), static_cast<std::size_t>(config.data.cache_mib)
                                                      << 20);
}

template <typename D>
void add_names(std::string& text, const D& dataset) {
  for (std::int64_t i = 0; i < dataset.size(); ++i) text += dataset.name(i) + '\n';
}

void expect_a_batch(std::int64_t images, const std::filesystem::path& folder,
                    const std::string& which, const Config& config) {
  if (images < config.run.batch)
    throw cag::DataError("{}: expected at least run.batch = {} images {}, found {}",
                         folder.string(), config.run.batch, which, images);
}

/// Images that no configured width brings to one size share batches as they are.
template <typename D>
void expect_one_size(const D& dataset, const std::filesystem::path& folder, std::int64_t width,
                     std::string_view key, const Config& config) {
  const bool alone = config.run.evaluation_batch == 1 && config.augmentation.crop_width > 0;
  if (width > 0 || alone) return;
  const auto first = dataset.image_size(0);
  for (std::int64_t i = 1; i < dataset.size(); ++i) {
    const auto size = dataset.image_size(i);
    if (size != first)
      throw cag::DataError(
          "{}: expected images of one size or augmentation.{} set, found {} of {} x {} and {} of "
          "{} x {} pixels",
          folder.string(), key, dataset.name(0), first.width, first.height, dataset.name(i),
          size.width, size.height);
  }
}

/// One labelled pixel is enough: which categories there are is the user's to know.
void expect_labels(const Labelled& source, const std::filesystem::path& folder,
                   const std::vector<std::string>& names) {
  for (std::int64_t i = 0; i < source.size(); ++i)
    if (source.get(i).label.ne(cag::kIgnoreIndex).any().item<bool>()) return;
  throw cag::DataError("{}: expected labels of the categories {}, found none in {} images",
                       folder.string(), fmt::join(names, ", "), source.size());
}

/// Images that training takes as they are, for the layers of a discriminator.
void expect_large_enough(const auto& dataset, const std::filesystem::path& folder,
                         std::int64_t resized, const Config& config) {
  if (config.warm_up.method == "source" || resized > 0 || config.augmentation.crop_width > 0)
    return;
  const auto size = dataset.image_size(0);
  if (size.width < kLeastSide || size.height < kLeastSide)
    throw cag::DataError(
        "{}: expected images of at least {} x {} for an adversarial warm-up, found {} x {}",
        folder.string(), kLeastSide, kLeastSide, size.width, size.height);
}

}  // namespace

std::vector<std::string> category_names(const Config& config) {
  if (!config.data.categories.empty()) return config.data.categories;
  if (config.categories.empty()) return cag::label_table::cityscapes().names();
  std::vector<std::string> names;
  for (const auto& row : config.categories) names.push_back(row.name);
  return names;
}

cag::Normalisation normalisation_of(const Config& config) {
  cag::Normalisation normalisation;
  for (std::size_t c = 0; c < 3; ++c) {
    normalisation.mean[c] = config.data.mean[c];
    normalisation.deviation[c] = config.data.deviation[c];
  }
  return normalisation;
}

World World::open(const Config& config, const Program& program) {
  const auto& layout = *program.layout;
  layout.check(config);
  const auto source = cached(layout.source(config), config);
  const auto split = cag::data::every_kth(source.size(), config.data.holdout_every);
  const auto target = cached(layout.target(config, config.data.train_split), config);
  World world{.table = layout.table(config),
              .normalisation = normalisation_of(config),
              .source_train = cag::data::Subset(source, split.kept),
              .source_validation = cag::data::Subset(source, split.held_out),
              .target_train = target,
              .target_validation = {},
              .target_train_truth = {},
              .source_known = layout.known(config, Domain::kSource),
              .target_known = layout.known(config, Domain::kTarget),
              .fingerprint = {}};
  if (layout.has_target_labels(config, config.data.val_split)) {
    world.target_validation = cached(layout.target_labels(config, config.data.val_split), config);
  }
  if (config.stages.method == "oracle") {
    world.target_train_truth =
        cached(layout.target_labels(config, config.data.train_split), config);
  }
  expect_a_batch(world.source_train.size(), config.data.source, "to train on beside those held out",
                 config);
  expect_a_batch(world.target_train.size(), config.data.target,
                 "in the split " + config.data.train_split, config);
  expect_labels(world.source_train, config.data.source, world.table.names());
  const auto& sizes = config.augmentation;
  expect_one_size(source, config.data.source, sizes.source_width, "source_width", config);
  expect_one_size(target, config.data.target, sizes.target_width, "target_width", config);
  if (world.target_validation)
    expect_one_size(*world.target_validation, config.data.target, sizes.target_width,
                    "target_width", config);
  expect_large_enough(world.source_train, config.data.source, sizes.source_width, config);
  expect_large_enough(world.target_train, config.data.target, sizes.target_width, config);
  std::string list;
  add_names(list, source);
  add_names(list, target);
  world.fingerprint = fmt::format("{:016x}", cag::detail::xxh64(list));
  return world;
}

at::Tensor class_weights(const Config& config, const Labelled& source) {
  if (config.class_weights == "none") return {};
  const auto categories = std::ssize(category_names(config));
  auto pixels = at::zeros({categories + 1}, at::kLong);
  for (std::int64_t i = 0; i < source.size(); ++i) {
    const auto label = source.get(i).label;
    pixels += label.clamp_max(categories).view({-1}).bincount({}, categories + 1);
  }
  const auto frequency = pixels.narrow(0, 0, categories).to(at::kDouble).div(pixels.sum());
  const auto weights = frequency.rsqrt().masked_fill(frequency.eq(0), 0);
  const auto mean = weights.mul(frequency).sum().div(frequency.sum());
  return weights.div(mean).to(at::kFloat);
}

}  // namespace pipeline
