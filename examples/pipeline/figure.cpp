#include "pipeline/figure.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <cag/data/png.hpp>
#include <cag/error.hpp>
#include <cag/io/anchor_file.hpp>
#include <cag/model/upsample.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/stage/domains.hpp>

#include "common/folders.hpp"
#include "pipeline/colours.hpp"
#include "pipeline/device.hpp"
#include "pipeline/evaluation.hpp"
#include "pipeline/network.hpp"
#include "pipeline/profiles.hpp"

namespace pipeline {
namespace {

constexpr std::int64_t kGap = 4;  // pixels between pictures

/// The networks of a run that has ended.
struct Networks {
  TrainedNetwork before, teacher, after;
  cag::Anchors anchors;

  static Networks load(const std::filesystem::path& run, const Config& config,
                       const CleanLists& lists) {
    const auto folder = run / "networks";
    const auto stage = [&](std::int64_t number) {
      return TrainedNetwork::load(folder / fmt::format("stage-{}", number));
    };
    Networks networks{.before = stage(0),
                      .teacher = stage(0),
                      .after = stage(config.stages.count),
                      .anchors = {}};
    const auto path = folder / "anchors-1.safetensors";
    const auto file = cag::AnchorFile::load(path);
    file.expect_backbone(networks.teacher.net.module(), path.string());
    networks.anchors = file.anchors;
    const auto device = device_of(config.run.device);
    for (auto* trained : {&networks.before, &networks.teacher, &networks.after})
      trained->net.module().to(device);
    const auto target = cag::images_of(lists.target);
    if (reestimates_teacher(config)) cag::norm::Reestimated{}(networks.teacher.net, target);
    // The same statistics on both sides, so that the pictures differ by what was learnt.
    cag::norm::Reestimated{}(networks.before.net, target);
    cag::norm::Reestimated{}(networks.after.net, target);
    return networks;
  }
};

at::Tensor resized(const at::Tensor& maps, at::IntArrayRef size) {
  return at::upsample_nearest2d(maps.unsqueeze(0).to(at::kFloat), size)[0].to(at::kLong);
}

/// [H, W] categories at the size of the image.
at::Tensor labels_of(TrainedNetwork& trained, const at::Tensor& images, at::IntArrayRef size) {
  const auto logits = cag::predict(trained.net, images).logits;
  return cag::upsample_logits(logits, size[0], size[1]).argmax(1)[0].cpu();
}

/// Pictures [H, W, 3] beside each other, as high as the first.
at::Tensor row_of(const std::vector<at::Tensor>& pictures) {
  std::vector<at::Tensor> parts;
  const auto height = pictures.front().size(0);
  for (const auto& picture : pictures) {
    const auto width = std::max<std::int64_t>(1, picture.size(1) * height / picture.size(0));
    if (!parts.empty()) parts.push_back(at::full({height, kGap, 3}, 255, at::kByte));
    const auto planes = picture.permute({2, 0, 1});
    parts.push_back(resized(planes, {height, width}).to(at::kByte).permute({1, 2, 0}));
  }
  return at::cat(parts, 1);
}

}  // namespace

void figure(const Program& program, const FigureOptions& options) {
  const auto config = read_config(options.run / "config.toml");
  if (config.stages.method != "self_training" || config.stages.count < 1)
    throw cag::UsageError("{}: expected a run with a stage of self-training, found {} of {}",
                          options.run.string(), config.stages.count, config.stages.method);
  const auto world = World::open(config, program);
  if (options.rows < 1 || options.rows > world.target_train.size())
    throw cag::UsageError("rows: expected 1 to {}, the images of the target, got {}",
                          world.target_train.size(), options.rows);
  const auto lists = CleanLists::of(config, world);
  auto networks = Networks::load(options.run, config, lists);
  const auto pseudo_label = parts_for(config).label_function(config);
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> rows;
  for (std::int64_t r = 0; r < options.rows; ++r) {
    const auto source = world.source_train.get(r * world.source_train.size() / options.rows);
    const auto number = r * world.target_train.size() / options.rows;
    const auto target = world.target_train.get(number);
    const at::IntArrayRef size = target.image.sizes().slice(0, 2);
    const auto images = lists.target.alone(number).images;
    const auto active =
        pseudo_label(cag::predict(networks.teacher.net, images), networks.anchors).cpu();
    const auto show = [&](const at::Tensor& labels) { return coloured(labels, world.table); };
    if (!rows.empty()) rows.push_back(at::full({kGap, rows.front().size(1), 3}, 255, at::kByte));
    rows.push_back(
        row_of({target.image, show(labels_of(networks.before, images, size)),
                show(resized(active, size)[0]), show(labels_of(networks.after, images, size)),
                source.image, show(source.label)}));
  }
  if (options.out.has_parent_path()) common::make_folder(options.out.parent_path());
  cag::png::write_rgb(options.out, at::cat(rows, 0));
  fmt::print("{} images -> {}\n", options.rows, options.out.string());
}

}  // namespace pipeline
