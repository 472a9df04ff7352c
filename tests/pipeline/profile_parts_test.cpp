#include "pipeline/profile_parts.hpp"

#include <string>
#include <vector>

#include <dlfcn.h>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cag/label/ignore.hpp>
#include <cag/model/upsample.hpp>

#include "pipeline/network.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using pipeline::CleanList;
using pipeline::Config;
using pipeline::Labelled;

namespace {

constexpr std::int64_t kCategories = 5, kHeight = 64, kWidth = 96;

struct InMemory {
  std::vector<cag::LabelledSample> samples;

  std::int64_t size() const { return std::ssize(samples); }
  std::string name(std::int64_t i) const { return std::to_string(i); }
  cag::ImageSize image_size(std::int64_t) const { return {.height = kHeight, .width = kWidth}; }
  cag::LabelledSample get(std::int64_t i) const { return samples[static_cast<std::size_t>(i)]; }
};

/// A network, and images with labels that are mostly what it predicts.
struct Example {
  cag::AnyBackbone net = pipeline::make_network({.name = "compact"}, kCategories);
  InMemory data;

  Example() {
    const at::NoGradGuard no_grad;
    net.module().eval();
    auto parameters = net.module().named_parameters();
    parameters["classifier.weight"].mul_(100);
    const auto logits = net.forward(at::randn({1, 3, 32, 32})).logits;
    parameters["classifier.bias"].sub_(logits.mean({0, 2, 3}));
    for (int i = 0; i < 3; ++i) {
      const auto image = at::randint(256, {kHeight, kWidth, 3}, at::kByte);
      const auto input = image.permute({2, 0, 1}).unsqueeze(0).to(at::kFloat).div(255);
      auto label =
          cag::upsample_logits(net.forward(input).logits, kHeight, kWidth).argmax(1).squeeze(0);
      label.narrow(0, 0, 16).fill_(cag::kIgnoreIndex);
      label.narrow(0, 16, 8).add_(1).remainder_(kCategories);
      data.samples.push_back({image, label, std::to_string(i)});
    }
  }
};

Config configured(const std::string& profile, const std::string& labels) {
  Config config;
  config.data.categories = {"a", "b", "c", "d", "e"};
  config.stages.profile = profile;
  config.stages.labels = labels;
  config.stages.margin = 0.02;
  config.stages.probability = 0.6;
  return config;
}

struct Made {
  cag::Anchors anchors;
  at::Tensor labels;
};

Made made(const pipeline::ProfileParts& parts, const Config& config, Example& example,
          at::Device device) {
  const at::NoGradGuard no_grad;
  const CleanList<Labelled> list(Labelled(example.data), {}, {.batch = 3, .device = device});
  example.net.module().to(device);
  const auto anchors = parts.anchors_of(config, example.net, list);
  const auto prediction = cag::predict(example.net, list.batch(0).images);
  const auto labels = parts.label_function(config)(prediction, anchors);
  CHECK(labels.device().type() == device.type());
  example.net.module().to(at::kCPU);
  return {anchors, labels.cpu()};
}

}  // namespace

TEST_CASE("What a run does on a GPU has the same anchors and labels of what lies on the CPU") {
  at::manual_seed(3);
  const std::string profile = GENERATE("cag", "paper", "published_code");
  const std::string labels = GENERATE("both", "margin", "probability", "agreement");
  CAPTURE(profile, labels);
  const auto config = configured(profile, labels);
  Example example;
  const auto expected = made(pipeline::cpu_parts(), config, example, at::kCPU);
  const auto active = expected.labels.ne(cag::kIgnoreIndex);
  CHECK(expected.anchors.seen().sum().item<std::int64_t>() >= 3);
  CHECK(active.any().item<bool>());
  CHECK(active.logical_not().any().item<bool>());
  const auto got = made(pipeline::cuda_parts(), config, example, at::kCPU);
  CHECK(got.anchors.vectors.equal(expected.anchors.vectors));
  CHECK(got.labels.equal(expected.labels));
  CHECK(pipeline::parts_for(config).self_train == pipeline::cpu_parts().self_train);
}

TEST_CASE("What a run does on a GPU has the anchors and labels of the CPU there", "[cuda]") {
  // Loaded and not linked: an installation for the CPU has libraries of it that lack what they
  // need.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr || !at::hasCUDA() ||
      at::getNumGPUs() == 0) {
    WARN("skipped: LibTorch sees no GPU");
    return;
  }
  at::manual_seed(3);
  at::globalContext().setAllowTF32CuDNN(false);  // float32 is meant
  for (const auto* profile : {"cag", "paper", "published_code"})
    for (const auto* labels : {"both", "margin", "probability", "agreement"}) {
      CAPTURE(profile, labels);
      auto config = configured(profile, labels);
      Example example;
      const auto expected = made(pipeline::cpu_parts(), config, example, at::kCPU);
      config.run.device = "cuda";
      const auto parts = pipeline::parts_for(config);
      CHECK(parts.self_train == pipeline::cuda_parts().self_train);
      const auto got = made(parts, config, example, at::Device(at::kCUDA, 0));
      CHECK(got.anchors.counts.equal(expected.anchors.counts));
      CHECK(at::allclose(got.anchors.vectors, expected.anchors.vectors, 1e-3, 1e-4));
      CHECK(got.labels.eq(expected.labels).to(at::kDouble).mean().item<double>() > 0.99);
    }
}
