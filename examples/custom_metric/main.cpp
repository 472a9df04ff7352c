// A distance to the anchors of one's own, huber.hpp, in the place of the Euclidean one: first its
// pseudo-labels beside those of the other, then a stage that trains on them. SOURCE is a folder in
// GTA5's layout, TARGET one in Cityscapes'.
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ATen/CPUGeneratorImpl.h>

#include <cag/cag.hpp>
#include <cag/data/cityscapes.hpp>
#include <cag/data/gta5.hpp>
#include <cag/network/compact.hpp>

#include "huber.hpp"

namespace {

/// The library's own profile with another metric; label maps of one rule, not of two.
struct Robust {
  static constexpr std::string_view kName = "robust";

  using Update = cag::profile::Cag::Update;
  using Mask = cag::profile::Cag::Mask;
  using Moments = cag::profile::Cag::Moments;
  using Sums = cag::profile::Cag::Sums;
  using Labeler = cag::PseudoLabeler<Huber, cag::label::Margin>;
  using Loss = cag::AdaptationLoss<Labeler>;
  using Statistics = cag::profile::Cag::Statistics;
};

const std::vector<std::string> kCategories{"road", "sidewalk", "building", "vegetation",
                                           "sky",  "person",   "car"};
constexpr std::int64_t kBatch = 4;
constexpr double kShare = 0.6;  // of the target's pixels that are to be active
const cag::Normalisation kNormalisation{.mean = {0.45, 0.45, 0.45},
                                        .deviation = {0.25, 0.25, 0.25}};

using Images = cag::Ordered<cag::data::CityscapesImages>;
using Pairs = cag::Ordered<cag::data::CityscapesPairs>;

/// The margin at which `kShare` of the target's pixels are active: a metric has a scale of its own.
template <cag::Metric M>
double margin_for(const M& metric, cag::Compact& teacher, const cag::Anchors& anchors,
                  const Images& target) {
  const at::NoGradGuard no_grad;
  const cag::PseudoLabeler<M> labeler(metric);
  std::vector<at::Tensor> gaps;
  for (std::int64_t i = 0; i < target.size(); ++i) {
    const auto features = cag::predict(teacher, target.batch(i).images).features;
    const auto [nearest, category] =
        labeler.distances(features, anchors).topk(2, /*dim=*/1, /*largest=*/false);
    gaps.push_back(nearest.select(1, 1) - nearest.select(1, 0));
  }
  return at::quantile(at::cat(gaps), 1 - kShare).template item<double>();
}

/// Says how many of the validation images' pixels the metric labels, and how many of these rightly.
template <cag::Metric M>
void compare(const M& metric, double margin, cag::Compact& teacher, const cag::Anchors& anchors,
             const Pairs& validation) {
  const at::NoGradGuard no_grad;
  const cag::PseudoLabeler<M> labeler(metric, {.margin = margin});
  cag::LabelQuality quality;
  for (std::int64_t i = 0; i < validation.size(); ++i) {
    const auto [images, truth] = validation.batch(i);
    const auto labels = labeler(cag::predict(teacher, images), anchors);
    quality.add(labels, cag::downsample_labels(truth, labels.size(1), labels.size(2)));
  }
  fmt::print("{}, margin {:.2f}: {:.1f} % of the pixels active, {:.1f} % of them right\n", M::kName,
             margin, 100 * quality.coverage(), 100 * quality.precision());
}

/// In %, with batch-norm statistics of the target's unlabelled images.
double mean_iou(cag::Compact& trained, const Images& target, const Pairs& validation) {
  const at::NoGradGuard no_grad;
  auto network = cag::frozen_copy(trained);
  cag::norm::Reestimated{}(network, cag::images_of(target));
  cag::ConfusionMatrix confusion(std::ssize(kCategories));
  for (std::int64_t i = 0; i < validation.size(); ++i) {
    const auto [images, truth] = validation.batch(i);
    const auto logits = cag::predict(network, images).logits;
    confusion.add(truth, cag::upsample_logits(logits, truth.size(1), truth.size(2)).argmax(1));
  }
  return 100 * confusion.mean_iou();
}

void adapt(const std::filesystem::path& source_folder, const std::filesystem::path& target_folder) {
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
  const Images target_images(target, kNormalisation, kBatch);
  const Pairs validation(labelled, kNormalisation, kBatch);
  cag::Domains data{source_batches, target_batches, source_images, target_images};

  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(1);
  cag::Compact network(cag::CompactOptions{.categories = std::ssize(kCategories)});
  cag::RunState warm(network);
  cag::StagewiseScheduler(
      cag::stage::WarmUp<>{.iterations = 200,
                           .optimization = {.learning_rate = 0.05, .max_iterations = 201}})
      .run(warm, data);
  fmt::print("source only: mIoU {:.1f} %\n", mean_iou(network, target_images, validation));

  auto teacher = cag::frozen_copy(network);
  cag::norm::Reestimated{}(teacher, cag::images_of(source_images));
  cag::AnchorBank<cag::Compact> bank(std::ssize(kCategories));
  bank.observe_all(teacher, source_images);
  cag::norm::Reestimated{}(teacher, cag::images_of(target_images));

  const cag::metric::Euclidean euclidean;
  compare(euclidean, margin_for(euclidean, teacher, bank.anchors(), target_images), teacher,
          bank.anchors(), validation);
  const Huber huber{.delta = 0.5};
  const auto margin = margin_for(huber, teacher, bank.anchors(), target_images);
  compare(huber, margin, teacher, bank.anchors(), validation);

  cag::RunState state(network);
  cag::StagewiseScheduler(cag::stage::SelfTraining<Robust>{
                              .categories = std::ssize(kCategories),
                              .iterations = 60,
                              .optimization = {.learning_rate = 0.01, .max_iterations = 61},
                              .loss = {.labeler = Robust::Labeler(huber, {.margin = margin})}})
      .run(state, data);
  fmt::print("a stage on huber's labels: mIoU {:.1f} %\n",
             mean_iou(network, target_images, validation));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw cag::UsageError("usage: custom_metric SOURCE TARGET");
    adapt(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
