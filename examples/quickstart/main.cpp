// The least whole program: a network learns from labelled images of one domain and adapts to
// another, of which nobody labelled an image. Both are drawn in shapes.hpp.
#include <cstdint>
#include <exception>
#include <iterator>

#include <fmt/format.h>

#include <ATen/CPUGeneratorImpl.h>

#include <cag/eval/confusion_matrix.hpp>
#include <cag/model/upsample.hpp>
#include <cag/stage/self_training.hpp>
#include <cag/stage/stagewise_scheduler.hpp>
#include <cag/stage/warm_up.hpp>

#include "network.hpp"
#include "shapes.hpp"

namespace {

constexpr std::int64_t kCategories = std::ssize(kShapes);
const Look kDay{.light = 1, .tints = {1, 1, 1}, .noise = 0.03};
const Look kDusk{.light = 0.5, .tints = {0.7, 0.8, 1.3}, .noise = 0.12};

/// Source images have labels ...
struct Source {
  cag::LabelledBatch batch(std::int64_t number) const { return draw(number, kDay); }
  std::int64_t size() const { return 16; }  ///< batches that anchors are made of
};

/// ... target images have none.
struct Target {
  cag::UnlabelledBatch batch(std::int64_t number) const {
    return {draw(1'000'000 + number, kDusk).images};
  }
  std::int64_t size() const { return 16; }
};

/// mIoU on target images that no step has seen, in %. Both networks get batch-norm statistics of
/// the target, so that what differs is what the stage has taught.
double target_miou(Network& trained, Target& target) {
  const at::NoGradGuard no_grad;
  Network network = cag::frozen_copy(trained);
  cag::norm::Reestimated{}(network, cag::images_of(target));
  cag::ConfusionMatrix confusion(kCategories);
  for (std::int64_t i = 0; i < 25; ++i) {
    const auto [images, truth] = draw(2'000'000 + i, kDusk);
    const auto logits = cag::predict(network, images).logits;
    confusion.add(truth, cag::upsample_logits(logits, truth.size(1), truth.size(2)).argmax(1));
  }
  return 100 * confusion.mean_iou();
}

struct Report {
  Target& target;

  void on_stage_end(auto& state) const {
    fmt::print("{}: target mIoU {:.1f} %\n", state.stage == 0 ? "warm-up" : "stage 1",
               target_miou(state.student, target));
  }
};

void adapt() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(1);

  Source source;
  Target target;
  cag::Domains data{source, target, source, target};

  // The warm-up learns from the source's labels. The stage freezes that network as teacher, takes
  // the centroids of its source features as anchors, and trains on the pseudo-labels that they give
  // the target.
  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = 400,
                           .optimization = {.learning_rate = 0.05, .max_iterations = 401}},
      cag::stage::SelfTraining<>{.categories = kCategories,
                                 .iterations = 300,
                                 .optimization = {.learning_rate = 0.03, .max_iterations = 301}});
  cag::RunState state{Network(kCategories)};
  scheduler.run(state, data, Report{target});

  const cag::profile::Cag::Labeler labeler;
  const auto labels = labeler(cag::predict(*state.teacher, target.batch(0).images), *state.anchors);
  fmt::print("{:.1f} % of a target batch's pixels had pseudo-labels\n",
             100 * cag::active_share(labels));
}

}  // namespace

int main() {
  try {
    adapt();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
