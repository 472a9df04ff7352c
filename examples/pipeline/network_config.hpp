#pragma once

#include <filesystem>

#include "pipeline/config.hpp"
#include "pipeline/network.hpp"
#include "pipeline/world.hpp"

namespace pipeline {

/// The configuration under which a network's data are found and its categories drawn: the program's
/// defaults, or, where the configuration describes the data sets, `file` or that of the run which
/// the network lies in. Its categories are the network's.
/// @param network  as it was named, RUN/networks/stage-N
/// @param file  empty: the run's
/// @throws cag::UsageError
Config config_for(const Program& program, const TrainedNetwork& trained,
                  const std::filesystem::path& network, const std::filesystem::path& file);

}  // namespace pipeline
