// Runs networks in the forms that they can have: as C++ modules, as TorchScript, as packages of
// AOTInductor. `forward` writes what one gives, `time` measures several side by side.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cag/io/safetensors.hpp>
#include <cag/model/backbone.hpp>
#include <cag/model/packaged.hpp>
#include <cag/model/scripted.hpp>
#include <cag/profile/cag.hpp>

#include "common/guarded.hpp"
#include "pipeline/network.hpp"
#include "pipeline/results.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using Forward = std::function<cag::Prediction(const at::Tensor&)>;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Any network in eval mode by what its path ends with: .pt2 a package, .pt TorchScript, .pt+ the
/// same frozen and optimised by LibTorch, else the folder of a network.
Forward load(const std::string& path) {
  const auto forward_of = [](auto net) {
    return [net = std::move(net)](const at::Tensor& images) mutable {
      return cag::predict(net, images);
    };
  };
  if (path.ends_with(".pt2")) return forward_of(cag::load_package(cag::TrustedProgram{path}));
  if (path.ends_with(".pt")) {
    auto script = cag::load_script(cag::TrustedProgram{path});
    script->eval();
    return forward_of(std::move(script));
  }
  if (path.ends_with(".pt+")) {
    auto script = torch::jit::load(path.substr(0, path.size() - 1));
    script.eval();
    auto frozen = torch::jit::optimize_for_inference(script);
    return forward_of(std::make_shared<cag::ScriptedImpl>(std::move(frozen)));
  }
  return forward_of(pipeline::TrainedNetwork::load(path).net);
}

void forward(const std::string& network, const std::string& images, const std::string& out) {
  const at::NoGradGuard no_grad;
  const auto prediction = load(network)(cag::read_safetensors(images).at("images"));
  cag::write_safetensors(
      out, {{"features", prediction.features}, {"logits", prediction.logits.contiguous()}});
}

struct Timed {
  std::string name;
  Forward network;
  double load = 0;                        // ms
  std::vector<double> forward, labelled;  // ms of each round
};

std::string least_and_median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return fmt::format("{:9.1f} {:9.1f}", values.front(), values[values.size() / 2]);
}

/// Networks in turn, round after round, so that what else the machine does slows all of them.
void time(const std::vector<std::string>& networks, std::int64_t height, std::int64_t width,
          std::int64_t batch, std::int64_t rounds) {
  const at::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(1);
  const auto images = at::rand({batch, 3, height, width}, generator);
  std::vector<Timed> all;
  for (const auto& name : networks) {
    const auto start = Clock::now();
    all.push_back({.name = name, .network = load(name)});
    all.back().load = milliseconds_since(start);
  }
  const auto first = all.front().network(images);
  const cag::Anchors anchors{
      at::randn({first.logits.size(1), first.features.size(1)}, generator).to(at::kDouble),
      at::full({first.logits.size(1)}, 100, at::kLong)};
  const cag::profile::Cag::Labeler labeler;
  constexpr int kWarmUp = 3;  // TorchScript compiles in its first runs
  for (std::int64_t round = -kWarmUp; round < rounds; ++round)
    for (auto& timed : all) {
      const auto start = Clock::now();
      const auto prediction = timed.network(images);
      const auto forward = milliseconds_since(start);
      labeler(prediction, anchors);
      if (round < 0) continue;
      timed.forward.push_back(forward);
      timed.labelled.push_back(milliseconds_since(start));
    }
  fmt::print("{:<28} {:>9} {:>19} {:>19}\n", "ms", "load", "forward: min median",
             "and labels: min med");
  for (const auto& timed : all)
    fmt::print("{:<28} {:9.0f} {} {}\n", std::filesystem::path(timed.name).filename().string(),
               timed.load, least_and_median(timed.forward), least_and_median(timed.labelled));
  fmt::print("peak memory {:.0f} MiB\n", pipeline::peak_mib());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Networks as modules, TorchScript and packages. The files run with your rights.",
               "exported");
  app.require_subcommand(1);
  std::string network, images, out;
  auto* run = app.add_subcommand("forward", "writes features and logits of images");
  run->add_option("network", network, "a network's folder, .pt or .pt2")->required();
  run->add_option("images", images, "safetensors with the tensor images")->required();
  run->add_option("out", out, "safetensors to write")->required();
  std::vector<std::string> networks;
  std::int64_t height = 256, width = 512, batch = 1, rounds = 20;
  auto* measure = app.add_subcommand("time", "measures networks of one shape in turn");
  measure->add_option("networks", networks, "folders, .pt, .pt+ (frozen), .pt2")->required();
  measure->add_option("--height", height)->check(CLI::PositiveNumber);
  measure->add_option("--width", width)->check(CLI::PositiveNumber);
  measure->add_option("--batch", batch)->check(CLI::PositiveNumber);
  measure->add_option("--rounds", rounds)->check(CLI::PositiveNumber);
  return common::guarded(app, [&] {
    app.parse(argc, argv);
    if (run->parsed()) {
      forward(network, images, out);
    } else {
      time(networks, height, width, batch, rounds);
    }
    return 0;
  });
}
