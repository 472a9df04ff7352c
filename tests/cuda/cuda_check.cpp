// What CUDA computes beside what the CPU computes, from the same inputs. Where there is no GPU, the
// test is skipped.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cag/cag.hpp>
#include <cag/network/compact.hpp>
#include <cag/network/deeplab_v2.hpp>
#include <cag/network/deeplab_v3_plus.hpp>
#include <cag/stage/checkpoint.hpp>

#include "cuda/device_training.hpp"

using namespace on_cuda;

namespace {

/// A prediction that is mostly right, its labels and anchors, on the CPU.
struct Example {
  at::Tensor category = at::randint(0, 5, {2, 12, 20}, at::kLong);
  cag::Anchors anchors{at::randn({5, 32}, at::kDouble), at::randint(1, 9, {5}, at::kLong)};
  at::Tensor features = anchors.vectors.to(at::kFloat)
                            .index_select(0, category.reshape({-1}))
                            .view({2, 12, 20, 32})
                            .permute({0, 3, 1, 2})
                            .add(at::randn({2, 32, 12, 20}));
  at::Tensor logits = at::randn({2, 5, 12, 20})
                          .scatter_add(1, category.unsqueeze(1), at::full({2, 1, 12, 20}, 5.0));
  at::Tensor labels = enlarged(category);
  Example() {
    labels.slice(1, 0, 8).fill_(cag::kIgnoreIndex);
    anchors.counts[2] = 0;
  }
};

cag::Prediction leaf(const Example& example, at::Device device) {
  return {example.features.to(device).detach().clone().requires_grad_(true),
          example.logits.to(device).detach().clone().requires_grad_(true)};
}

template <typename Update>
void compare_anchors(Update update) {
  const Example example;
  const auto bank = [&](at::Device device) {
    cag::AnchorBank<cag::Compact, Update, cag::mask::Labelled, cag::moments::Full> built(5, update);
    built.observe({example.features.to(device), example.logits.to(device)},
                  example.labels.to(device));
    return built.anchors();
  };
  const auto device = bank(kDevice), cpu = bank(at::kCPU);
  CHECK(device.counts.equal(cpu.counts));
  CHECK(difference(device.vectors, cpu.vectors) < 1e-5);
  CHECK(device.moments->pixels.equal(cpu.moments->pixels));
  CHECK(difference(device.moments->covariance, cpu.moments->covariance) < 1e-9);
}

/// Of a metric that may need moments, with anchors of which the last category has two.
template <cag::Metric M>
void compare_metric(M metric = {}) {
  Example example;
  const auto labels = example.category;
  std::optional<cag::ClassMoments> moments;
  cag::moments::Full{}(moments, example.features, labels, 5);
  example.anchors.moments = moments;
  for (auto* rows : {&example.anchors.vectors, &example.anchors.counts})
    *rows = at::cat({*rows, rows->narrow(0, 4, 1) + 1});
  example.anchors.owner = at::arange(6).clamp_max(4);
  const cag::PseudoLabeler<M, cag::label::QuantileMargin> labeler(metric);
  const auto labelled = [&](at::Device device) {
    const auto features = example.features.to(device);
    const auto distances = labeler.distances(features, example.anchors);
    cag::GapHistogram gaps(5);
    gaps.add(distances);
    return std::pair(distances.where(distances.isfinite(), 0), gaps.margins(0.5));
  };
  const auto [distances, margins] = labelled(kDevice);
  const auto [cpu_distances, cpu_margins] = labelled(at::kCPU);
  INFO(M::kName);
  CHECK(distances.device().type() == at::kCUDA);
  CHECK(difference(distances, cpu_distances) < 1e-5);
  const auto finite = cpu_margins.isfinite();
  CHECK(margins.isfinite().equal(finite));
  CHECK(difference(margins.masked_select(finite), cpu_margins.masked_select(finite)) < 0.012);
}

template <cag::Profile P>
void compare_losses() {
  const Example example;
  const typename P::Loss loss{};
  const auto graded = [&](at::Device device) {
    auto source = leaf(example, device), target = leaf(example, device);
    const auto labels =
        loss.labeler({example.features.to(device), example.logits.to(device)}, example.anchors);
    const auto terms =
        loss.terms(source, example.labels.to(device), target, labels, example.anchors);
    terms.total().backward();
    std::vector<at::Tensor> results{labels};
    for (const auto& term : terms.terms()) results.push_back(term.value);
    for (const auto& gradient : {source.features.grad(), source.logits.grad(),
                                 target.features.grad(), target.logits.grad()})
      results.push_back(gradient);
    return results;
  };
  const auto device = graded(kDevice), cpu = graded(at::kCPU);
  REQUIRE(device.size() == cpu.size());
  CHECK(device.front().cpu().equal(cpu.front()));
  CHECK(cpu.front().ne(cag::kIgnoreIndex).any().template item<bool>());
  for (std::size_t i = 1; i < cpu.size(); ++i) {
    INFO(P::kName << ", " << i);
    REQUIRE(device[i].defined() == cpu[i].defined());
    if (cpu[i].defined()) CHECK(difference(device[i], cpu[i]) < 1e-4);
  }
}

template <typename Module>
void compare_network(Module net) {
  // In float32 a ReLU's zero on one device is not always that of the other.
  const auto images = at::rand({2, 3, 96, 128}, at::kDouble);
  const auto passed = [&](at::Device device) {
    auto copy = cag::TrainingTraits<Module>::frozen_copy(net);
    copy->to(device, at::kDouble);
    auto input = images.to(device).requires_grad_(true);
    const auto prediction = cag::predict(copy, input);
    prediction.logits.square().mean().backward();
    return std::vector<at::Tensor>{prediction.features, prediction.logits, input.grad()};
  };
  const auto device = passed(kDevice), cpu = passed(at::kCPU);
  for (std::size_t i = 0; i < cpu.size(); ++i) CHECK(difference(device[i], cpu[i]) < 1e-9);
}

struct SaveOnce {
  cag::DirectoryContents saved{};
  void on_step(auto& state, const cag::StepReport& report) {
    if (report.stage == 1 && report.step == 2) saved = cag::checkpoint_of(state);
  }
};

}  // namespace

TEST_CASE("On CUDA, anchors, pseudo-labels, losses and gradients are the CPU's", "[cuda]") {
  if (skipped()) return;
  compare_anchors(cag::anchor::RunningMean{});
  compare_anchors(cag::anchor::MovingAverage{.warm_up = 1});
  compare_anchors(cag::anchor::PixelMean{});
  compare_anchors(cag::anchor::KMeans{.each = 1});
  compare_metric<cag::metric::Euclidean>();
  compare_metric<cag::metric::Cosine>();
  compare_metric<cag::metric::DiagonalMahalanobis>();
  compare_metric<cag::metric::Mahalanobis>();
  compare_losses<cag::profile::Cag>();
  compare_losses<cag::profile::PublishedCode>();
  compare_losses<cag::profile::Paper>();
}

TEST_CASE("On CUDA, stages train as on the CPU", "[cuda]") {
  if (skipped()) return;
  const cag::stage::SelfTraining<> training{
      .categories = toy::kCategories, .iterations = 3, .optimization = kQuick};
  compare_training(training);
  compare_training(cag::stage::MicroBatches{training, 2});
  compare_training(
      cag::stage::SourceWithTargetStatistics<>{.iterations = 3, .optimization = kQuick});
}

TEST_CASE("On CUDA, an adversarial warm-up trains as on the CPU", "[cuda]") {
  if (skipped()) return;
  const cag::stage::AdversarialWarmUp<> stage{
      .categories = toy::kCategories, .iterations = 2, .optimization = kQuick, .weight = 0.1};
  const auto trained = [&](at::Device device) {
    auto data = Data(device);
    auto state = state_on(device);
    cag::StagewiseScheduler(stage).run(state, data);
    return state;
  };
  compare(trained(kDevice), trained(at::kCPU));
}

TEST_CASE("On CUDA, a run goes on from its checkpoint", "[cuda]") {
  if (skipped()) return;
  Data data(kDevice);
  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = 2, .optimization = kQuick},
      cag::stage::SelfTraining<>{
          .categories = toy::kCategories, .iterations = 4, .optimization = kQuick});
  auto straight = state_on(kDevice);
  scheduler.run(straight, data);
  SaveOnce hooks;
  auto cut = state_on(kDevice);
  scheduler.run(cut, data, hooks);
  auto resumed = state_on(kDevice);
  cag::restore(resumed, hooks.saved, "checkpoint");
  CHECK(resumed.step == 2);
  scheduler.run(resumed, data);
  compare(resumed, straight);
}

TEST_CASE("On CUDA, networks compute what they compute on the CPU", "[cuda]") {
  if (skipped()) return;
  compare_network(cag::Compact(cag::CompactOptions{.categories = 5}));
  compare_network(cag::DeepLabV3Plus(
      cag::DeepLabV3PlusOptions{.depth = 18, .categories = 5, .norm = cag::Norm::kGroup}));
  compare_network(cag::DeepLabV2(cag::DeepLabV2Options{.depth = 18, .categories = 5}));
}

TEST_CASE("On CUDA, evaluation counts what it counts on the CPU", "[cuda]") {
  if (skipped()) return;
  const Example example;
  const auto truth = at::randint(0, 5, {2, 12, 20}, at::kLong);
  const auto evaluated = [&](at::Device device) {
    cag::ConfusionMatrix confusion(5);
    confusion.add(truth.to(device), example.logits.to(device).argmax(1));
    cag::FeatureDistances<> distances(5);
    distances.add(example.features.to(device), truth.to(device), example.anchors);
    cag::LabelQuality quality;
    quality.add(example.logits.to(device).argmax(1), truth.to(device));
    return std::tuple(confusion.counts(), distances.intra(), distances.inter(),
                      quality.precision());
  };
  const auto [counts, intra, inter, precision] = evaluated(kDevice);
  const auto [cpu_counts, cpu_intra, cpu_inter, cpu_precision] = evaluated(at::kCPU);
  CHECK(counts.equal(cpu_counts));
  CHECK(intra == Approx(cpu_intra));
  CHECK(inter == Approx(cpu_inter));
  CHECK(precision == cpu_precision);
}
