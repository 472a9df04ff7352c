#include "pipeline/evaluate.hpp"

#include <cmath>

#include <fmt/format.h>

#include <cag/data/cityscapes.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/error.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/stage/domains.hpp>

#include "pipeline/clean_list.hpp"
#include "pipeline/device.hpp"
#include "pipeline/evaluation.hpp"
#include "pipeline/network.hpp"

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
  const auto table = cag::label_table::cityscapes().select(trained.categories);
  const CleanList<Labelled> images(
      Labelled(cag::data::CityscapesPairs(options.target, options.split, table)),
      trained.normalisation, list);
  if (!options.statistics_split.empty()) {
    const CleanList<Unlabelled> unlabelled(
        Unlabelled(cag::data::CityscapesImages(options.target, options.statistics_split)),
        trained.normalisation, list);
    cag::norm::Reestimated{}(trained.net, cag::images_of(unlabelled));
  }
  const Protocols protocols(trained.categories, program.subsets);
  const auto row =
      evaluate_domain("target", trained.net, images, table.size(), protocols, nullptr, {});
  for (std::size_t k = 0; k < row.iou.size(); ++k)
    fmt::print("{:<16}{:>7}\n", trained.categories[k],
               std::isnan(row.iou[k]) ? std::string("-") : fmt::format("{:.2f}", 100 * row.iou[k]));
  fmt::print("{:<16}{:>7.2f}   over the categories that occur, {} images\n", "mIoU", 100 * row.miou,
             images.images());
  if (!program.subsets.empty()) fmt::print("\n{}", protocols.table(row.miou, row.protocols));
}

}  // namespace pipeline
