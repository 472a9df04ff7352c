// Adapts a network of one's own to images that nobody labelled. Of SOURCE, in GTA5's layout, it
// reads the labels too, of TARGET, in Cityscapes' layout, only to say how good it is. WEIGHTS is
// written; network.hpp has the network.
#include <cstdint>
#include <exception>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ATen/CPUGeneratorImpl.h>

#include <cag/cag.hpp>
#include <cag/data/cityscapes.hpp>
#include <cag/data/gta5.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/io/module_state.hpp>
#include <cag/io/safetensors.hpp>

#include "network.hpp"

namespace {

const std::vector<std::string> kCategories{"road", "sidewalk", "building", "vegetation",
                                           "sky",  "person",   "car"};
constexpr std::int64_t kBatch = 4;
const cag::Normalisation kNormalisation{.mean = {0.45, 0.45, 0.45},
                                        .deviation = {0.25, 0.25, 0.25}};

/// Says after each stage how good the network is on the target, with batch-norm statistics of its
/// unlabelled images, and how many of its pixels the stage's teacher labelled.
struct Report {
  const cag::Ordered<cag::data::CityscapesImages>& target;
  const cag::Ordered<cag::data::CityscapesPairs>& validation;

  void on_stage_end(auto& state) const {
    const at::NoGradGuard no_grad;
    auto network = cag::frozen_copy(state.student);
    cag::norm::Reestimated{}(network, cag::images_of(target));
    cag::ConfusionMatrix confusion(std::ssize(kCategories));
    for (std::int64_t i = 0; i < validation.size(); ++i) {
      const auto [images, labels] = validation.batch(i);
      const auto logits = cag::predict(network, images).logits;
      confusion.add(labels, cag::upsample_logits(logits, labels.size(1), labels.size(2)).argmax(1));
    }
    fmt::print("stage {}: mIoU {:.1f} %", state.stage, 100 * confusion.mean_iou());
    if (state.teacher) fmt::print(", {:.1f} % of the target's pixels active", 100 * active(state));
    fmt::print("\n");
  }

  double active(auto& state) const {
    const cag::profile::Cag::Labeler labeler;
    double sum = 0;
    for (std::int64_t i = 0; i < target.size(); ++i) {
      const auto labels =
          labeler(cag::predict(*state.teacher, target.batch(i).images), *state.anchors);
      sum += cag::active_share(labels);
    }
    return sum / static_cast<double>(target.size());
  }
};

void adapt(const std::string& source_folder, const std::string& target_folder,
           const std::string& weights, std::int64_t iterations) {
  const cag::data::Gta5 source(source_folder, cag::label_table::gta5().select(kCategories));
  const cag::data::CityscapesImages target(target_folder, "train");
  const cag::data::CityscapesPairs labelled(target_folder, "val",
                                            cag::label_table::cityscapes().select(kCategories));

  const auto options = [](std::string_view domain) {
    return cag::LoaderOptions{
        .batch = kBatch, .domain = cag::purpose(domain), .normalisation = kNormalisation};
  };
  cag::Loader source_batches(source, cag::augment::HorizontalFlip{}, options("source"));
  cag::Loader target_batches(target, cag::augment::HorizontalFlip{}, options("target"));
  const cag::Ordered source_images(source, kNormalisation, kBatch);
  const cag::Ordered target_images(target, kNormalisation, kBatch);
  const cag::Ordered validation(labelled, kNormalisation, kBatch);
  cag::Domains data{source_batches, target_batches, source_images, target_images};

  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(1);
  auto network = make_network(std::ssize(kCategories));
  const auto report = cag::check_backbone(network, source_images.batch(0).images);
  fmt::print("{}", report.text());
  if (!report.ok()) throw cag::UsageError("the network is not a backbone yet");

  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{
          .iterations = iterations,
          .optimization = {.learning_rate = 0.05, .max_iterations = iterations + 1}},
      cag::stage::Repeated{
          cag::stage::SelfTraining<>{.categories = std::ssize(kCategories),
                                     .iterations = 40,
                                     .optimization = {.learning_rate = 0.01, .max_iterations = 41}},
          2});
  cag::RunState state(network);
  scheduler.run(state, data, Report{target_images, validation});
  cag::write_safetensors(
      weights, cag::module_state(cag::TrainingTraits<decltype(network)>::module(network)));
  fmt::print("weights: {}\n", weights);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 4 || argc > 5)
      throw cag::UsageError(
          "usage: custom_backbone SOURCE TARGET WEIGHTS [ITERATIONS of the warm-up]");
    adapt(argv[1], argv[2], argv[3], argc == 5 ? std::stoll(argv[4]) : 200);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
