#include "pipeline/plan.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "pipeline/network.hpp"

namespace pipeline {

std::string plan(const Config& config, const World& world) {
  const auto size = [](std::int64_t width, std::int64_t height) {
    return width == 0 ? std::string("as they are") : fmt::format("as {} x {}", width, height);
  };
  const auto& a = config.augmentation;
  const auto& s = config.stages;
  return fmt::format(
      "network {}, {} categories; {} source images {}, {} target images {}{}; {} and {} stages "
      "({}) "
      "of {} iterations, {} images of each domain at a time",
      describe(config.network), world.table.size(), world.source_train.size(),
      size(a.source_width, a.source_height), world.target_train.size(),
      size(a.target_width, a.target_height),
      a.crop_width == 0 ? "" : fmt::format(", crops of {} x {}", a.crop_width, a.crop_height),
      config.run.start.empty() ? fmt::format("warm-up of {}", config.warm_up.iterations)
                               : config.run.start.string(),
      s.count, s.method, s.iterations, config.run.batch);
}

std::vector<std::string> gaps(const World& world) {
  std::vector<std::string> lines;
  const auto names = world.table.names();
  const auto add = [&](const std::vector<std::int64_t>& known, std::string_view domain,
                       std::string_view meaning) {
    std::vector<std::string> missing;
    for (std::int64_t k = 0; k < std::ssize(names); ++k)
      if (std::find(known.begin(), known.end(), k) == known.end())
        missing.push_back(names[static_cast<std::size_t>(k)]);
    if (!missing.empty())
      lines.push_back(
          fmt::format("{} has no labels of {}: {}", domain, fmt::join(missing, ", "), meaning));
  };
  add(world.source_known, "the source", "they get no anchor");
  if (world.target_validation) add(world.target_known, "the target", "they are not in its mIoU");
  return lines;
}

}  // namespace pipeline
