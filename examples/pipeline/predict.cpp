#include "pipeline/predict.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include <ATen/core/grad_mode.h>

#include <cag/data/augment/resize.hpp>
#include <cag/data/image_folder.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>
#include <cag/model/backbone.hpp>
#include <cag/model/upsample.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/random/stream.hpp>
#include <cag/stage/domains.hpp>

#include "common/folders.hpp"
#include "pipeline/clean_list.hpp"
#include "pipeline/colours.hpp"
#include "pipeline/device.hpp"
#include "pipeline/network.hpp"
#include "pipeline/network_config.hpp"

namespace pipeline {
namespace {

using cag::data::ImageFolder;

constexpr std::array<std::string_view, 3> kPictures{"ids", "colour", "overlay"};

void check(const PredictOptions& options) {
  if (options.width < 0 || options.height < 0 || (options.width == 0) != (options.height == 0))
    throw cag::UsageError("expected --width and --height above 0, or none of them, got {} and {}",
                          options.width, options.height);
}

bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto from = std::filesystem::canonical(folder);
  const auto to = std::filesystem::canonical(path);
  return std::mismatch(from.begin(), from.end(), to.begin(), to.end()).first == from.end();
}

/// Makes the folders to write, which must leave the images alone.
void make_folders(const PredictOptions& options) {
  if (!std::filesystem::is_directory(options.images))
    throw cag::DataError("{}: expected a folder of images", options.images.string());
  common::make_folder(options.out);
  for (const auto picture : kPictures) {
    common::make_folder(options.out / picture);
    if (lies_in(options.images, options.out / picture) ||
        std::filesystem::equivalent(options.images, options.out))
      throw cag::UsageError("{}: expected an --out apart from the images in {}",
                            options.out.string(), options.images.string());
  }
}

/// [H, W] int64 category, at the size of the image.
at::Tensor categories_of(TrainedNetwork& trained, const cag::UnlabelledSample& sample,
                         const PredictOptions& options, at::Device device) {
  auto input = sample;
  if (options.width > 0) {
    cag::Stream unused({});
    input = cag::augment::Resize{options.width, options.height}(sample, unused);
  }
  const auto images = trained.normalisation(input.image).unsqueeze(0).to(device);
  const auto logits = finite_prediction(trained.net, images).logits;
  const auto full = cag::upsample_logits(logits, sample.image.size(0), sample.image.size(1));
  return full.argmax(1).squeeze(0).cpu();
}

void write_pictures(const std::filesystem::path& out, const cag::UnlabelledSample& sample,
                    const at::Tensor& categories, const cag::LabelTable& table) {
  const auto place = [&](std::string_view picture) {
    auto path = out / picture / (sample.name + ".png");
    common::make_folder(path.parent_path());
    return path;
  };
  cag::png::write_labels(place("ids"), table.ids(categories));
  const auto colour = coloured(categories, table);
  cag::png::write_rgb(place("colour"), colour);
  const auto sum = sample.image.to(at::kInt).add(colour).add(1);
  cag::png::write_rgb(place("overlay"), sum.bitwise_right_shift(1).to(at::kByte));
}

}  // namespace

void predict(const Program& program, const PredictOptions& options) {
  check(options);
  const auto device = device_of(options.device);
  auto trained = TrainedNetwork::load(options.network);
  trained.net.module().to(device);
  const auto table =
      program.layout->table(config_for(program, trained, options.network, options.config));
  make_folders(options);
  const ImageFolder images(options.images, {.except = {options.out}});
  if (!options.statistics.empty()) {
    const CleanList<ImageFolder> list(ImageFolder(options.statistics, {.except = {options.out}}),
                                      trained.normalisation,
                                      {.batch = trained.evaluation_batch,
                                       .width = options.width,
                                       .height = options.height,
                                       .device = device});
    cag::norm::Reestimated{}(trained.net, cag::images_of(list));
  }
  const at::NoGradGuard no_grad;
  for (std::int64_t i = 0; i < images.size(); ++i) {
    const auto sample = images.get(i);
    write_pictures(options.out, sample, categories_of(trained, sample, options, device), table);
  }
  fmt::print("{} image{} -> {}\n", images.size(), images.size() == 1 ? "" : "s",
             options.out.string());
}

}  // namespace pipeline
