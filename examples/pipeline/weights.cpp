#include "pipeline/weights.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cag/detail/printable.hpp>
#include <cag/error.hpp>
#include <cag/io/directory.hpp>
#include <cag/io/file_reader.hpp>
#include <cag/io/pytorch_file.hpp>
#include <cag/io/safetensors.hpp>
#include <cag/io/write_pytorch.hpp>
#include <cag/stage/checkpoint.hpp>

#include "pipeline/world.hpp"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

cag::TensorMap network_in(const fs::path& folder) {
  const auto contents = cag::load_directory(folder, kNetworkFormat);
  return cag::detail::part_of(contents, "network", folder.string());
}

/// Whether it is a pickle or a zip archive of one; otherwise it is safetensors, where behind the
/// length that they begin with, whatever that looks like, stands a brace.
/// @throws cag::CheckpointError where it is neither
bool is_python(const fs::path& path) {
  const cag::FileReader file(path);
  std::array<char, 9> start{};
  file.read_at(0, start.data(), std::min<std::uint64_t>(start.size(), file.size()));
  if (start[8] == '{') return false;
  if (start[0] == '\x80' || (start[0] == 'P' && start[1] == 'K')) return true;
  throw cag::CheckpointError("{}: expected safetensors or what torch.save wrote, found neither",
                             path.string());
}

std::string described(const at::Tensor& tensor) {
  return fmt::format("{:<9}[{}]", c10::toString(tensor.scalar_type()),
                     fmt::join(tensor.sizes(), ", "));
}

void print(const cag::TensorMap& tensors) {
  std::int64_t values = 0;
  for (const auto& [name, tensor] : tensors) {
    fmt::print("  {:<56} {}\n", cag::detail::printable(name), described(tensor));
    values += tensor.numel();
  }
  fmt::print("  {} tensors, {} values\n", tensors.size(), values);
}

int print_difference(const InspectOptions& options) {
  const auto left = read_weights(options.file, options.key);
  const auto right = read_weights(options.against);
  std::map<std::string, std::pair<std::string, std::string>> rows;
  for (const auto& [name, tensor] : left) rows[name].first = described(tensor);
  for (const auto& [name, tensor] : right) rows[name].second = described(tensor);
  fmt::print("  {:<56} {:<30} {}\n", "name", options.file.filename().string(),
             options.against.filename().string());
  std::int64_t equal = 0, differing = 0;
  for (const auto& [name, row] : rows) {
    if (row.first == row.second) {
      ++equal;
      continue;
    }
    ++differing;
    const auto cell = [](const std::string& text) {
      return text.empty() ? std::string("-") : text;
    };
    fmt::print("  {:<56} {:<30} {}\n", cag::detail::printable(name), cell(row.first),
               cell(row.second));
  }
  fmt::print("{} alike in name, type and shape, {} not\n", equal, differing);
  return differing == 0 ? 0 : static_cast<int>(cag::Fault::kCheckpoint);
}

/// That a network can compute with what was loaded from `file`, perhaps from a wider type.
void expect_usable(const torch::nn::Module& module, const fs::path& file) {
  for (const auto& [name, tensor] : cag::module_state(module)) {
    if (!tensor.is_floating_point()) continue;
    if (!tensor.isfinite().all().item<bool>())
      throw cag::CheckpointError("{}: {}: expected values that are finite as {}, found others",
                                 file.string(), name, c10::toString(tensor.scalar_type()));
    if (name.ends_with("running_var") && tensor.lt(0).any().item<bool>())
      throw cag::CheckpointError("{}: {}: expected variances of at least 0, found {}",
                                 file.string(), name, tensor.min().item<double>());
  }
}

}  // namespace

std::map<std::string, cag::TensorMap> read_groups(const fs::path& path) {
  if (is_folder(path)) return {{"", network_in(path)}};
  if (is_python(path)) return cag::PytorchFile::read(path).groups();
  return {{"", cag::read_safetensors(path)}};
}

cag::TensorMap read_weights(const fs::path& path, const std::string& key) {
  if (!is_folder(path) && is_python(path)) return cag::PytorchFile::read(path).weights(key);
  if (!key.empty())
    throw cag::UsageError(
        "--key: expected a file of torch.save, whose tensors are in groups, got {}", path.string());
  return read_groups(path).begin()->second;
}

std::string load_initial_weights(torch::nn::Module& module, const fs::path& path) {
  const auto weights = read_weights(path);
  const auto what = path.string();
  const bool resnet = weights.contains("layer1.0.conv1.weight");
  if (cag::WeightsReport::of(module, weights).complete() || !resnet) {
    const auto report = cag::load_weights(module, weights, what);
    expect_usable(module, path);
    return fmt::format("{}: {} tensors, the whole network", what, report.loaded.size());
  }
  // DeepLabV2 has the ResNet's entries as its own, beside its classifiers layer5 and layer6.
  const bool inside = module.named_parameters().contains("backbone.conv1.weight");
  const auto backbone = cag::from_torchvision_resnet(weights, inside ? "backbone." : "");
  auto report = cag::WeightsReport::of(module, backbone);
  std::erase_if(report.missing, [&](const std::string& name) {
    return inside ? !name.starts_with("backbone.")
                  : name.starts_with("layer5.") || name.starts_with("layer6.");
  });
  if (!report.complete())
    throw cag::CheckpointError("{} does not fit the network's backbone: {}", what, report.text());
  cag::load_fitting_weights(module, backbone, what);
  expect_usable(module, path);
  return fmt::format("{}: {} tensors of the backbone, taken to be in {} convention", what,
                     report.loaded.size(), inside ? "torchvision's" : "Caffe's");
}

int inspect(const InspectOptions& options) {
  if (!options.against.empty()) return print_difference(options);
  if (!options.key.empty()) {
    print(read_weights(options.file, options.key));
    return 0;
  }
  const auto groups = read_groups(options.file);
  if (groups.empty()) print({});
  for (const auto& [name, tensors] : groups) {
    if (!name.empty()) fmt::print("{}:\n", cag::detail::printable(name));
    print(tensors);
  }
  return 0;
}

TrainedNetwork network_from(const fs::path& file, const Config& config, const std::string& key) {
  if (is_folder(file))
    throw cag::UsageError("{}: expected a file of weights, found the folder of a network",
                          file.string());
  auto categories = category_names(config);
  auto net = make_network(config.network, std::ssize(categories));
  cag::load_weights(net.module(), read_weights(file, key), file.string());
  expect_usable(net.module(), file);
  return {config.network, std::move(net), std::move(categories), normalisation_of(config),
          config.run.evaluation_batch};
}

TrainedNetwork load_start(const fs::path& path, const Config& config) {
  if (fs::is_regular_file(path)) return network_from(path, config);
  auto trained = TrainedNetwork::load(path);
  if (describe(trained.kind) != describe(config.network))
    throw cag::CheckpointError("{}: expected the network {}, found {}", path.string(),
                               describe(config.network), describe(trained.kind));
  const auto names = category_names(config);
  if (trained.categories != names)
    throw cag::CheckpointError("{}: expected the categories {}, found {}", path.string(),
                               fmt::join(names, ", "), fmt::join(trained.categories, ", "));
  const auto expected = normalisation_of(config);
  const auto& found = trained.normalisation;
  if (found != expected)
    throw cag::CheckpointError(
        "{}: expected the normalisation by mean {} and deviation {}, found {} and {}",
        path.string(), fmt::join(expected.mean, ", "), fmt::join(expected.deviation, ", "),
        fmt::join(found.mean, ", "), fmt::join(found.deviation, ", "));
  return trained;
}

void convert(const fs::path& file, const std::string& key, const Config& config,
             const fs::path& given_out) {
  const auto end = given_out.extension();
  // "net/" is the folder "net".
  const auto out = given_out.has_filename() ? given_out : given_out.parent_path();
  if (end.empty()) {
    if (fs::exists(out))
      throw cag::UsageError("{}: expected a new folder, found one that exists", out.string());
    auto made = network_from(file, config, key);
    made.save(out);
    fmt::print("{}, {} categories, mean {}, deviation {} -> {}\n", describe(config.network),
               made.categories.size(), fmt::join(made.normalisation.mean, " "),
               fmt::join(made.normalisation.deviation, " "), out.string());
    return;
  }
  const bool python = end == ".pth" || end == ".pt" || end == ".pkl";
  if (!python && end != ".safetensors")
    throw cag::UsageError(
        "{}: expected a name that ends in .safetensors, .pth, .pt or .pkl, or without an end for "
        "the folder of a network",
        out.string());
  const auto weights = read_weights(file, key);
  if (python) {
    cag::write_pytorch(out, weights);
  } else {
    cag::write_safetensors(out, weights);
  }
  fmt::print("{} tensors -> {}\n", weights.size(), out.string());
}

}  // namespace pipeline
