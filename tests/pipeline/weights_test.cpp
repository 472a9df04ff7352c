#include "pipeline/weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cag/io/pytorch_file.hpp>
#include <cag/io/safetensors.hpp>

#include "pipeline/network.hpp"

#include "catch.hpp"
#include "check_error.hpp"
#include "small_run.hpp"

using cag::test::check_error;
using cag::test::run;
using cag::test::small;
using cag::test::TemporaryFolder;
using Catch::Contains;

namespace {

std::filesystem::path from_python(const std::string& name) {
  return std::filesystem::path(std::getenv("CAG_TESTS")) / "io/python" / name;
}

/// A network of the small configuration, after its warm-up alone.
const std::filesystem::path& trained() {
  static const TemporaryFolder folder;
  static const auto network = [] {
    const auto ended = run(small().adapt(folder / "run", {"--set", "stages.count=0"}));
    INFO(ended.errors);
    REQUIRE(ended.code == 0);
    return folder / "run/networks/stage-0";
  }();
  return network;
}

}  // namespace

TEST_CASE("inspect shows the tensors of a file by group, and convert goes both ways", "[adapt]") {
  const TemporaryFolder folder;
  const auto shown = run({"inspect", from_python("checkpoint.pth")});
  CHECK(shown.code == 0);
  CHECK_THAT(shown.output, Contains("DeepLab.model_state:") && Contains("0.weight") &&
                               Contains("[2, 3, 1, 1]") && Contains("7 tensors, 17 values"));
  const auto one = run({"inspect", from_python("checkpoint.pth"), "--key", "DeepLab.model_state"});
  CHECK_THAT(one.output, Contains("0.weight") && !Contains("momentum_buffer"));

  CHECK(run({"convert", from_python("checkpoint.pth"), folder / "a.safetensors"}).code == 0);
  CHECK(run({"convert", folder / "a.safetensors", folder / "b.pth"}).code == 0);
  const auto original = cag::PytorchFile::read(from_python("checkpoint.pth")).weights();
  const auto back = cag::PytorchFile::read(folder / "b.pth").weights();
  REQUIRE(back.size() == original.size());
  for (const auto& [name, tensor] : original) CHECK(back.at(name).equal(tensor));

  const auto same = run({"inspect", folder / "b.pth", "--against", folder / "a.safetensors"});
  CHECK(same.code == 0);
  CHECK_THAT(same.output, Contains("7 alike in name, type and shape, 0 not"));
  const auto other = run({"inspect", trained(), "--against", folder / "b.pth"});
  CHECK(other.code == 4);
  CHECK_THAT(other.output, Contains("0.weight") && Contains("[2, 3, 1, 1]") && Contains(" - "));
}

TEST_CASE("A run can start from a file of weights, in either format", "[adapt]") {
  const TemporaryFolder folder;
  for (const auto* name : {"w.pth", "w.safetensors"}) {
    CHECK(run({"convert", trained(), folder / name}).code == 0);
    const auto out = folder / (std::string("run-") + name);
    const auto ended =
        run(small().adapt(out, {"--from", folder / name, "--set", "stages.count=1"}));
    INFO(ended.errors);
    REQUIRE(ended.code == 0);
  }
  // The same weights, the same run, wherever they come from.
  REQUIRE(
      run(small().adapt(folder / "run", {"--from", trained(), "--set", "stages.count=1"})).code ==
      0);
  const auto weights = [&](const std::string& run) {
    return cag::test::read_file(folder / (run + "/networks/stage-1/network.safetensors"));
  };
  CHECK(weights("run-w.pth") == weights("run"));
  CHECK(weights("run-w.safetensors") == weights("run"));
}

TEST_CASE("A file of weights becomes the folder of a network, which a run evaluates first",
          "[adapt]") {
  const TemporaryFolder folder;
  REQUIRE(run({"convert", trained(), folder / "w.pth"}).code == 0);
  const auto ended =
      run({"convert", folder / "w.pth", folder / "network", "--config", small().config()});
  INFO(ended.errors);
  REQUIRE(ended.code == 0);
  const auto evaluated = [](const std::filesystem::path& network) {
    return run({"evaluate", "--network", network, "--target", small().target()}).output;
  };
  CHECK(evaluated(folder / "network") == evaluated(trained()));
  CHECK(run({"convert", folder / "w.pth", (folder / "slash").string() + "/", "--config",
             small().config()})
            .code == 0);
  CHECK(evaluated(folder / "slash") == evaluated(trained()));
  CHECK_THAT(evaluated(trained()), Contains("mIoU"));

  REQUIRE(
      run(small().adapt(folder / "run", {"--from", folder / "w.pth", "--set", "stages.count=0"}))
          .code == 0);
  const auto outcome = cag::test::Outcome::of(folder / "run");
  REQUIRE(outcome.rows.size() == 1 + 4);
  CHECK(outcome.rows.back().front() == "0");
  CHECK(evaluated(folder / "run/networks/stage-0") == evaluated(trained()));

  check_error(run({"convert", folder / "w.pth", folder / "other"}), 4, {"w.pth", "missing"});
  CHECK_FALSE(std::filesystem::exists(folder / "other"));
  std::filesystem::create_directories(folder / "mine/precious");
  check_error(run({"convert", folder / "w.pth", folder / "mine", "--config", small().config()}), 2,
              {"mine", "expected a new folder"});
  CHECK(std::filesystem::exists(folder / "mine/precious"));
  check_error(run({"convert", folder / "w.pth", folder / "a.pth", "--set", "run.seed=1"}), 2,
              {"a.pth", "without an end"});
}

TEST_CASE("The warm-up can begin with weights: of a network, or of torchvision's ResNet",
          "[adapt]") {
  const TemporaryFolder folder;
  REQUIRE(run({"convert", trained(), folder / "w.pth"}).code == 0);
  const auto ended =
      run(small().adapt(folder / "run", {"--set", "stages.count=0", "--set",
                                         "network.weights=" + (folder / "w.pth").string()}));
  INFO(ended.errors);
  CHECK(ended.code == 0);
  CHECK_THAT(ended.output, Contains("the whole network"));

  const pipeline::Config::Network kind{.name = "deeplab_v3_plus", .depth = 18};
  auto net = pipeline::make_network(kind, 5);
  cag::TensorMap resnet{{"fc.bias", at::zeros({1000})}};
  for (const auto& [name, tensor] : cag::module_state(net.module()))
    if (name.starts_with("backbone.")) resnet[name.substr(9)] = at::ones_like(tensor);
  cag::write_safetensors(folder / "resnet.safetensors", resnet);
  CHECK_THAT(pipeline::load_initial_weights(net.module(), folder / "resnet.safetensors"),
             Contains("120 tensors of the backbone"));
  resnet.erase("conv1.weight");
  cag::write_safetensors(folder / "resnet.safetensors", resnet);
  CHECK_THROWS_WITH(
      pipeline::load_initial_weights(net.module(), folder / "resnet.safetensors"),
      Contains("does not fit the network's backbone") && Contains("backbone.conv1.weight"));
}

TEST_CASE("Which format a file of weights has its bytes tell, whatever its header's length",
          "[adapt]") {
  const TemporaryFolder folder;
  // Names of these lengths make the header's length begin with each of 32 bytes, 0x80 among them.
  for (std::size_t length = 1; length <= 256; length += 8) {
    cag::write_safetensors(folder / "a", {{std::string(length, 'n'), at::ones({2})}});
    CHECK(pipeline::read_weights(folder / "a").begin()->second.equal(at::ones({2})));
  }
}

TEST_CASE("DeepLabV2 begins with a whole network or with a ResNet alone", "[adapt]") {
  const TemporaryFolder folder;
  const pipeline::Config::Network kind{.name = "deeplab_v2", .depth = 18, .levels = 2};
  auto net = pipeline::make_network(kind, 5);
  auto weights = cag::module_state(net.module());
  cag::write_safetensors(folder / "whole.safetensors", weights);
  CHECK_THAT(pipeline::load_initial_weights(net.module(), folder / "whole.safetensors"),
             Contains("the whole network"));
  std::erase_if(weights, [](const auto& entry) {
    return entry.first.starts_with("layer5.") || entry.first.starts_with("layer6.");
  });
  weights["fc.bias"] = at::zeros({1000});
  cag::write_safetensors(folder / "resnet.safetensors", weights);
  CHECK_THAT(pipeline::load_initial_weights(net.module(), folder / "resnet.safetensors"),
             Contains("120 tensors of the backbone"));
  weights["layer4.0.conv1.weight"] = at::zeros({1});
  cag::write_safetensors(folder / "resnet.safetensors", weights);
  CHECK_THROWS_WITH(pipeline::load_initial_weights(net.module(), folder / "resnet.safetensors"),
                    Contains("layer4.0.conv1.weight: expected Float"));
}

TEST_CASE("Weights that do not fit or cannot be read are refused with names", "[bad_input]") {
  const TemporaryFolder folder;
  check_error(run(small().adapt(folder / "run", {"--from", from_python("checkpoint.pth")})), 4,
              {"checkpoint.pth", "does not fit the network", "missing", "unexpected: 0.bias"});
  check_error(run({"inspect", from_python("module.pth")}), 4,
              {"module.pth", "torch.nn.modules.container.Sequential"});
  check_error(run({"inspect", from_python("checkpoint.pth"), "--key", "model"}), 4,
              {"expected the tensors of model", "\"DeepLab.model_state\" (7 tensors)"});
  check_error(run({"inspect", from_python("make.py")}), 4, {"make.py"});
  check_error(run({"inspect", folder / "nothing.pth"}), 6, {"nothing.pth"});
  check_error(run({"convert", from_python("checkpoint.pth"), folder / "a.onnx"}), 2,
              {"a.onnx", "ends in .safetensors, .pth, .pt or .pkl"});
  check_error(run({"convert", from_python("checkpoint.pth"), folder / "none/a.pth"}), 6,
              {"cannot create " + (folder / "none/a.pth").string() + ": No such file"});
  std::filesystem::create_directory(folder / "d.pth");
  check_error(run({"convert", from_python("checkpoint.pth"), folder / "d.pth"}), 6,
              {"cannot put a file at " + (folder / "d.pth").string() + ": Is a directory"});
  std::filesystem::remove(folder / "d.pth");
  check_error(run({"convert", from_python("checkpoint.pth"), folder / "a.pth"}, 500), 6,
              {"File too large"});
  CHECK(std::filesystem::is_empty(folder.path()));
  check_error(run(small().adapt(folder / "run", {"--from", ""})), 2, {"--from", "empty"});
  cag::test::write_file(folder / "page.pth", "<!DOCTYPE html> instead of the weights");
  check_error(run({"inspect", folder / "page.pth"}), 4,
              {"page.pth", "safetensors or what torch.save wrote, found neither"});
  check_error(run({"convert", trained(), folder / "network", "--config", small().config()}), 2,
              {"found the folder of a network"});
}

TEST_CASE("Weights that a network cannot compute with are refused with file and name",
          "[bad_input]") {
  const TemporaryFolder folder;
  const auto good = pipeline::read_weights(trained());
  const auto refused = [&](const std::string& name, const at::Tensor& tensor,
                           const std::vector<std::string>& words) {
    auto weights = good;
    weights.at(name) = tensor;
    cag::write_safetensors(folder / "w.safetensors", weights);
    check_error(run({"convert", folder / "w.safetensors", folder / "network", "--config",
                     small().config()}),
                4, words);
  };
  const auto bias = at::zeros_like(good.at("classifier.bias"));
  refused("classifier.bias", at::full_like(bias, NAN),
          {"w.safetensors: classifier.bias", "finite as Float"});
  refused("classifier.bias", at::full_like(bias.to(at::kDouble), 1e300),
          {"w.safetensors: classifier.bias", "finite as Float"});
  const auto variance = std::find_if(good.begin(), good.end(), [](const auto& entry) {
    return entry.first.ends_with("running_var");
  });
  refused(variance->first, at::full_like(variance->second, -1),
          {variance->first, "variances of at least 0, found -1"});

  auto weights = good;
  weights.at("classifier.weight").fill_(3e38);
  cag::write_safetensors(folder / "w.safetensors", weights);
  REQUIRE(
      run({"convert", folder / "w.safetensors", folder / "network", "--config", small().config()})
          .code == 0);
  check_error(run({"evaluate", "--network", folder / "network", "--target", small().target()}), 5,
              {"expected finite logits of the network, found"});
  check_error(run({"predict", "--network", folder / "network", "--images", small().target(),
                   "--out", folder / "out"}),
              5, {"expected finite logits"});
}

TEST_CASE("A network whose evaluations would take too many images at a time is refused",
          "[bad_input]") {
  const TemporaryFolder folder;
  auto contents = cag::load_directory(trained(), pipeline::kNetworkFormat);
  for (const auto batch : {std::int64_t{0}, std::int64_t{4097}, INT64_MAX}) {
    contents.values["evaluation_batch"] = batch;
    cag::replace_directory(folder / "network", pipeline::kNetworkFormat, contents);
    CHECK_THROWS_AS(pipeline::TrainedNetwork::load(folder / "network"), cag::CheckpointError);
    CHECK_THROWS_WITH(pipeline::TrainedNetwork::load(folder / "network"),
                      Contains("evaluation_batch of 1 to 4096, found " + std::to_string(batch)));
  }
}
