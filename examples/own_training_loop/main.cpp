// A training loop of one's own: the library labels, compares and takes the step; data, optimizer,
// schedule, when to stop and what to save are the program's.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <numbers>
#include <random>
#include <vector>

#include <fmt/format.h>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/optim/adam.h>

#include <cag/anchor/anchor_bank.hpp>
#include <cag/eval/confusion_matrix.hpp>
#include <cag/io/anchor_file.hpp>
#include <cag/io/module_state.hpp>
#include <cag/io/safetensors.hpp>
#include <cag/model/upsample.hpp>
#include <cag/network/compact.hpp>
#include <cag/profile/cag.hpp>
#include <cag/stage/step.hpp>

#include "frames.hpp"

namespace {

constexpr std::int64_t kBatch = 4;
constexpr std::int64_t kWarmUpSteps = 60;
constexpr std::int64_t kSteps = 240;    // at most
constexpr std::int64_t kPatience = 60;  // steps without a lower loss

/// All frames, batch by batch.
std::vector<at::Tensor> batches_of(const Frames& frames) {
  std::vector<at::Tensor> batches;
  for (const auto& chosen : at::arange(frames.size()).split(kBatch))
    batches.push_back(frames.images(chosen));
  return batches;
}

/// In %, with batch-norm statistics of the frames themselves.
double mean_iou(cag::Compact& trained, const Frames& frames) {
  const at::NoGradGuard no_grad;
  cag::Compact network = cag::frozen_copy(trained);
  cag::norm::Reestimated{}(network, batches_of(frames));
  cag::ConfusionMatrix confusion(kCategories);
  for (const auto& chosen : at::arange(frames.size()).split(kBatch)) {
    const auto truth = frames.labels(chosen);
    const auto logits = cag::predict(network, frames.images(chosen)).logits;
    confusion.add(truth, cag::upsample_logits(logits, truth.size(1), truth.size(2)).argmax(1));
  }
  return 100 * confusion.mean_iou();
}

/// Rises for 20 steps, then falls along a cosine.
double rate(std::int64_t step) {
  constexpr double kHighest = 1e-3, kRise = 20;
  const auto i = static_cast<double>(step);
  if (i < kRise) return kHighest * (i + 1) / kRise;
  return kHighest / 2 * (1 + std::cos(std::numbers::pi * (i - kRise) / (kSteps - kRise)));
}

void warm_up(cag::Compact& student, const Frames& source, std::mt19937_64& random) {
  torch::optim::Adam optimizer(student->parameters(), torch::optim::AdamOptions(2e-3));
  const cag::loss::SourceCrossEntropy<> cross_entropy;
  student->train();
  for (std::int64_t step = 0; step < kWarmUpSteps; ++step) {
    const auto chosen = source.choose(kBatch, random);
    optimizer.zero_grad();
    const auto logits = cag::predict(student, source.images(chosen)).logits;
    cross_entropy(logits, source.labels(chosen)).backward();
    optimizer.step();
  }
}

/// Anchors of the teacher, which then gets the target's batch-norm statistics.
cag::Anchors anchors_of(cag::Compact& teacher, const Frames& source, const Frames& target) {
  cag::norm::Reestimated{}(teacher, batches_of(source));
  cag::AnchorBank<cag::Compact> bank(kCategories);
  for (const auto& chosen : at::arange(source.size()).split(kBatch))
    bank.observe(teacher, source.images(chosen), source.labels(chosen));
  cag::norm::Reestimated{}(teacher, batches_of(target));
  return bank.anchors();
}

void adapt(cag::Compact& student, cag::Compact& teacher, const cag::Anchors& anchors,
           const Frames& source, const Frames& target, std::mt19937_64& random) {
  torch::optim::Adam optimizer(student->parameters(), torch::optim::AdamOptions(1e-3));
  const cag::profile::Cag::Loss loss{.anchor_weight = 0.5};
  double average = 0, lowest = INFINITY;
  std::int64_t since_lowest = 0;
  for (std::int64_t step = 0; step < kSteps; ++step) {
    for (auto& group : optimizer.param_groups()) group.options().set_lr(rate(step));
    const auto labelled = source.choose(kBatch, random);
    const auto unlabelled = target.choose(kBatch, random);
    const auto result = cag::step(student, teacher, anchors, optimizer,
                                  {source.images(labelled), source.labels(labelled)},
                                  {target.images(unlabelled)}, loss);
    if (!result.applied) {
      fmt::print("step {}: no finite gradient, left out\n", step);
      continue;
    }

    const auto total = result.terms.total().item<double>();
    average = step == 0 ? total : 0.95 * average + 0.05 * total;
    if (step % 40 == 0) {
      fmt::print("step {:3}: rate {:.5f}, {:.1f} % active", step, rate(step),
                 100 * result.coverage());
      for (const auto& term : result.terms.terms())
        fmt::print(", {} {:.3f}", term.name, term.value.item<double>());
      fmt::print("\n");
    }
    if (average < 0.99 * lowest) {
      lowest = average;
      since_lowest = 0;
    } else if (++since_lowest == kPatience) {
      fmt::print("stopped after {} steps: no lower loss in the last {}\n", step + 1, kPatience);
      return;
    }
  }
  fmt::print("stopped after {} steps\n", kSteps);
}

void run(const std::filesystem::path& folder) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(1);
  std::mt19937_64 random(1);
  const Frames source = record(64, 0.0, 1);      // clear weather, labelled
  const Frames target = record(64, 0.6, 2);      // fog; its truth is not looked at
  const Frames validation = record(40, 0.6, 3);  // fog again, to see what comes of it

  cag::Compact student(cag::CompactOptions{.categories = kCategories});
  warm_up(student, source, random);
  fmt::print("warm-up: mIoU {:.1f} % in fog\n", mean_iou(student, validation));

  cag::Compact teacher = cag::frozen_copy(student);
  const cag::Anchors anchors = anchors_of(teacher, source, target);
  adapt(student, teacher, anchors, source, target, random);
  fmt::print("adapted: mIoU {:.1f} % in fog\n", mean_iou(student, validation));

  std::filesystem::create_directories(folder);
  cag::write_safetensors(folder / "adapted.safetensors", cag::module_state(*student));
  cag::AnchorFile{anchors, {"sky", "field", "tree"}, cag::backbone_hash(*teacher)}.save(
      folder / "anchors.safetensors");
  fmt::print("saved in {}: adapted.safetensors, anchors.safetensors\n", folder.string());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw cag::UsageError("usage: own_training_loop FOLDER");
    run(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
