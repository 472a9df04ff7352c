#pragma once

#include <filesystem>
#include <string>

#include "pipeline/world.hpp"

namespace pipeline {

struct EvaluateOptions {
  std::filesystem::path network;  ///< RUN/networks/stage-N
  std::filesystem::path config;   ///< of data sets that it describes; empty: the network's run's
  std::filesystem::path target;   ///< with labels; empty: the configuration's
  std::string split = "val";
  std::string statistics_split;  ///< re-estimate batch norm on this split's images; empty: do not
  std::int64_t batch = 0;        ///< images at a time; 0: as in the network's run
  std::int64_t width = 0, height = 0;  ///< input size, 0: as the images are
  std::string device = "cpu";
};

/// Prints IoU per category, mIoU over the categories that occur, and over the program's subsets.
void evaluate(const Program& program, const EvaluateOptions& options);

}  // namespace pipeline
