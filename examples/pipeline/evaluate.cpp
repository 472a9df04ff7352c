#include "pipeline/evaluate.hpp"

#include <cmath>

#include <fmt/format.h>

#include <cag/error.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/stage/domains.hpp>

#include "pipeline/clean_list.hpp"
#include "pipeline/device.hpp"
#include "pipeline/evaluation.hpp"
#include "pipeline/network.hpp"
#include "pipeline/network_config.hpp"

namespace pipeline {

void evaluate(const Program& program, const EvaluateOptions& options) {
  if (options.width < 0 || options.height < 0 || (options.width == 0) != (options.height == 0))
    throw cag::UsageError("expected --width and --height above 0, or none of them, got {} and {}",
                          options.width, options.height);
  const auto device = device_of(options.device);
  auto trained = TrainedNetwork::load(options.network);
  const CleanListOptions list{.batch = options.batch > 0 ? options.batch : trained.evaluation_batch,
                              .width = options.width,
                              .height = options.height,
                              .device = device};
  trained.net.module().to(device);
  auto config = config_for(program, trained, options.network, options.config);
  if (!options.target.empty()) config.data.target = options.target;
  const auto& layout = *program.layout;
  if (layout.described() && !layout.has_target_labels(config, options.split))
    throw cag::UsageError("split {}: expected labels of the target in the configuration, got none",
                          options.split);
  const CleanList<Labelled> images(layout.target_labels(config, options.split),
                                   trained.normalisation, list);
  if (!options.statistics_split.empty()) {
    const CleanList<Unlabelled> unlabelled(layout.target(config, options.statistics_split),
                                           trained.normalisation, list);
    cag::norm::Reestimated{}(trained.net, cag::images_of(unlabelled));
  }
  const Protocols protocols(trained.categories, program.subsets);
  const auto row =
      evaluate_domain("target", trained.net, images,
                      {std::ssize(trained.categories), layout.known(config, Domain::kTarget)},
                      protocols, nullptr, {});
  for (std::size_t k = 0; k < row.iou.size(); ++k)
    fmt::print("{:<16}{:>7}\n", trained.categories[k],
               std::isnan(row.iou[k]) ? std::string("-") : fmt::format("{:.2f}", 100 * row.iou[k]));
  fmt::print("{:<16}{:>7.2f}   over the categories that occur, {} images\n", "mIoU", 100 * row.miou,
             images.images());
  if (!program.subsets.empty()) fmt::print("\n{}", protocols.table(row.miou, row.protocols));
}

}  // namespace pipeline
