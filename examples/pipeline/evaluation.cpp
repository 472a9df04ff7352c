#include "pipeline/evaluation.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <cag/eval/confusion_matrix.hpp>
#include <cag/eval/feature_distances.hpp>
#include <cag/eval/label_quality.hpp>
#include <cag/label/downsample.hpp>
#include <cag/model/upsample.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/stage/domains.hpp>

#include "pipeline/device.hpp"
#include "pipeline/network.hpp"

namespace pipeline {

CleanLists CleanLists::of(const Config& config, const World& world) {
  const auto device = device_of(config.run.device);
  const auto& a = config.augmentation;
  const auto options = [&](std::int64_t width, std::int64_t height, std::int64_t stride) {
    return CleanListOptions{.batch = config.run.evaluation_batch,
                            .width = width,
                            .height = height,
                            .stride = stride,
                            .device = device};
  };
  CleanLists lists{.source = {world.source_train, world.normalisation,
                              options(a.source_width, a.source_height, config.stages.anchor_every)},
                   .target = {world.target_train, world.normalisation,
                              options(a.target_width, a.target_height, 1)},
                   .source_validation = {world.source_validation, world.normalisation,
                                         options(a.source_width, a.source_height, 1)},
                   .target_validation = {}};
  if (world.target_validation)
    lists.target_validation.emplace(*world.target_validation, world.normalisation,
                                    options(a.target_width, a.target_height, 1));
  return lists;
}

ResultRow evaluate_domain(std::string domain, cag::AnyBackbone& net,
                          const CleanList<Labelled>& list, const KnownCategories& categories,
                          const Protocols& protocols, const cag::Anchors* anchors,
                          const LabelFunction& label) {
  const at::NoGradGuard no_grad;
  cag::ConfusionMatrix confusion(categories.count);
  cag::FeatureDistances<> distances(categories.count);
  cag::LabelQuality quality;
  for (std::int64_t i = 0; i < list.size(); ++i) {
    const auto whole = list.whole(i);
    const auto prediction = finite_prediction(net, whole.batch.images);
    const auto h = prediction.features.size(2), w = prediction.features.size(3);
    std::vector<at::Tensor> small;
    for (std::size_t n = 0; n < whole.truths.size(); ++n) {
      const auto truth = whole.truths[n].unsqueeze(0);
      const auto logits = prediction.logits.narrow(0, static_cast<std::int64_t>(n), 1);
      const auto full = cag::upsample_logits(logits, truth.size(1), truth.size(2));
      confusion.add(truth, full.argmax(1));
      if (anchors != nullptr) small.push_back(cag::downsample_labels(truth, h, w));
    }
    if (anchors == nullptr) continue;
    const auto truth = at::cat(small);
    distances.add(prediction.features, truth, *anchors);
    quality.add(label(prediction, *anchors), truth);
  }
  const auto known = at::tensor(categories.known, at::kLong);
  auto iou = at::full({categories.count}, ResultRow::kUnknown, at::kDouble);
  iou.index_copy_(0, known, confusion.iou().index_select(0, known));
  return {.domain = std::move(domain),
          .miou = iou.nanmean().item<double>(),
          .iou = {iou.data_ptr<double>(), iou.data_ptr<double>() + iou.numel()},
          .protocols = protocols.values(confusion),
          .label_coverage = quality.coverage(),
          .label_precision = quality.precision(),
          .intra_distance = distances.intra(),
          .inter_distance = distances.inter()};
}

std::vector<ResultRow> evaluate_all(const Config& config, const cag::AnyBackbone& student,
                                    const CleanLists& lists, const World& world,
                                    const Protocols& protocols) {
  const auto parts = parts_for(config);
  const auto label = parts.label_function(config);
  std::vector<ResultRow> rows;
  const auto add = [&](const char* domain, cag::AnyBackbone& net, const CleanList<Labelled>& list,
                       const std::vector<std::int64_t>& known, const cag::Anchors& anchors) {
    const auto* usable = anchors.seen().any().item<bool>() ? &anchors : nullptr;
    rows.push_back(
        evaluate_domain(domain, net, list, {world.table.size(), known}, protocols, usable, label));
  };
  auto net = student.frozen_copy();
  const auto own = parts.anchors_of(config, net, lists.source);
  add("source", net, lists.source_validation, world.source_known, own);
  if (lists.target_validation)
    add("target", net, *lists.target_validation, world.target_known, own);

  const cag::norm::Reestimated reestimated;
  reestimated(net, cag::images_of(lists.source));
  const auto anchors = parts.anchors_of(config, net, lists.source);
  add("source+bn", net, lists.source_validation, world.source_known, anchors);
  if (lists.target_validation) {
    reestimated(net, cag::images_of(lists.target));
    add("target+bn", net, *lists.target_validation, world.target_known, anchors);
  }
  return rows;
}

}  // namespace pipeline
