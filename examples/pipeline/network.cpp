#include "pipeline/network.hpp"

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include <cag/detail/naming.hpp>
#include <cag/io/module_state.hpp>
#include <cag/network/compact.hpp>
#include <cag/network/deeplab_v2.hpp>
#include <cag/network/deeplab_v3_plus.hpp>
#include <cag/stage/checkpoint.hpp>

namespace pipeline {
namespace {

TrainedNetwork decoded(const cag::DirectoryContents& contents, const std::string& what) {
  const auto& described = cag::detail::value_of(contents, "network", what);
  const Config::Network kind{.name = described.at("name").as_string(),
                             .depth = described.at("depth").as_int64(),
                             .output_stride = described.at("output_stride").as_int64(),
                             .norm = described.at("norm").as_string(),
                             .levels = described.at("levels").as_int64()};
  std::vector<std::string> categories;
  for (const auto& name : cag::detail::value_of(contents, "categories", what).as_array())
    categories.push_back(name.as_string());
  try {
    check_network(kind);
    if (categories.size() < 2)
      throw cag::UsageError("categories: expected at least 2, got {}", categories.size());
  } catch (const cag::UsageError& error) {
    throw cag::CheckpointError("{}: {}", what, error.what());
  }
  const auto& described_input = cag::detail::value_of(contents, "normalisation", what);
  cag::Normalisation normalisation;
  for (const auto& [key, values] :
       {std::pair("mean", &normalisation.mean), std::pair("deviation", &normalisation.deviation)}) {
    const auto& numbers = described_input.at(key).as_array();
    if (numbers.size() != 3)
      throw cag::CheckpointError("{}: expected 3 numbers of {}, found {}", what, key,
                                 numbers.size());
    for (std::size_t c = 0; c < 3; ++c) (*values)[c] = numbers[c].as_double();
  }
  for (const auto deviation : normalisation.deviation)
    if (!(deviation > 0) || !std::isfinite(deviation))
      throw cag::CheckpointError("{}: expected deviations that are finite and above 0, found {}",
                                 what, deviation);
  auto net = make_network(kind, std::ssize(categories));
  cag::load_module_state(net.module(), cag::detail::part_of(contents, "network", what),
                         what + "/network");
  net.module().eval();
  const auto batch = cag::detail::value_of(contents, "evaluation_batch", what).as_int64();
  if (batch < 1 || batch > kMostImages)
    throw cag::CheckpointError("{}: expected an evaluation_batch of 1 to {}, found {}", what,
                               kMostImages, batch);
  return {kind, std::move(net), std::move(categories), normalisation, batch};
}

}  // namespace

std::string describe(const Config::Network& kind) {
  if (kind.name == "compact") return kind.name;
  return fmt::format("{} of depth {} and output stride {}{}{}", kind.name, kind.depth,
                     kind.output_stride, kind.norm == "batch" ? "" : ", norm " + kind.norm,
                     kind.levels == 1 ? "" : ", 2 levels");
}

cag::AnyBackbone make_network(const Config::Network& kind, std::int64_t categories) {
  if (kind.name == "compact")
    return cag::AnyBackbone(cag::Compact(cag::CompactOptions{.categories = categories}));
  const auto norm = kind.norm == "group"          ? cag::Norm::kGroup
                    : kind.norm == "frozen_batch" ? cag::Norm::kFrozenBatch
                                                  : cag::Norm::kBatch;
  if (kind.name == "deeplab_v2")
    return cag::AnyBackbone(
        cag::DeepLabV2(cag::DeepLabV2Options{.depth = kind.depth,
                                             .categories = categories,
                                             .output_stride = kind.output_stride,
                                             .norm = norm,
                                             .auxiliary = kind.levels == 2}));
  return cag::AnyBackbone(
      cag::DeepLabV3Plus(cag::DeepLabV3PlusOptions{.depth = kind.depth,
                                                   .categories = categories,
                                                   .output_stride = kind.output_stride,
                                                   .norm = norm}));
}

cag::Prediction finite_prediction(cag::AnyBackbone& net, const at::Tensor& images) {
  auto prediction = cag::predict(net, images);
  const auto broken = prediction.logits.isfinite().logical_not().sum().item<std::int64_t>();
  if (broken > 0)
    throw cag::NumericalError("expected finite logits of the network, found {} of {} that are not",
                              broken, prediction.logits.numel());
  return prediction;
}

void TrainedNetwork::save(const std::filesystem::path& path) {
  cag::DirectoryContents contents;
  contents.parts["network"] = cag::module_state(net.module());
  cag::detail::expect_finite(contents.parts["network"], "network");
  contents.values["network"] = cag::Json::Object{{"name", kind.name},
                                                 {"depth", kind.depth},
                                                 {"output_stride", kind.output_stride},
                                                 {"norm", kind.norm},
                                                 {"levels", kind.levels}};
  contents.values["evaluation_batch"] = evaluation_batch;
  contents.values["categories"] = cag::Json::Array(categories.begin(), categories.end());
  cag::Json::Array mean, deviation;
  for (std::size_t c = 0; c < 3; ++c) {
    mean.emplace_back(normalisation.mean[c]);
    deviation.emplace_back(normalisation.deviation[c]);
  }
  contents.values["normalisation"] =
      cag::Json::Object{{"mean", std::move(mean)}, {"deviation", std::move(deviation)}};
  cag::replace_directory(path, kNetworkFormat, contents);
}

TrainedNetwork TrainedNetwork::load(const std::filesystem::path& path) {
  try {
    const auto contents = cag::load_directory(path, kNetworkFormat);
    return cag::detail::naming(path.string(), [&] { return decoded(contents, path.string()); });
  } catch (const cag::IoError&) {
    if (std::filesystem::exists(path / cag::Manifest::kFileName)) throw;
    throw cag::CheckpointError(
        "{}: expected the folder of a network, such as RUN/networks/stage-1, found {}",
        path.string(),
        std::filesystem::exists(path) ? "another file or folder" : "nothing of this name");
  }
}

}  // namespace pipeline
