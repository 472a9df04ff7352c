#include "pipeline/network_config.hpp"

#include <cag/error.hpp>

namespace pipeline {

Config config_for(const Program& program, const TrainedNetwork& trained,
                  const std::filesystem::path& network, const std::filesystem::path& file) {
  auto config = program.defaults;
  const bool described = program.layout->described();
  if (described) {
    auto place = file;
    if (place.empty()) {
      const auto run = std::filesystem::canonical(network).parent_path().parent_path();
      place = run / "config.toml";
      if (!std::filesystem::exists(place))
        throw cag::UsageError(
            "expected --config FILE, which describes the data sets, or the run that {} is of; "
            "found no {}",
            network.string(), place.string());
    }
    config = read_config(place, config);
  }
  config.data.categories = trained.categories;
  if (described) check(config);
  program.layout->check(config);
  return config;
}

}  // namespace pipeline
