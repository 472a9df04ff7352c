#pragma once

#include <utility>

#include <cag/stage/domains.hpp>
#include <cag/stage/micro_batches.hpp>
#include <cag/stage/stagewise_scheduler.hpp>

#include "pipeline/domain.hpp"
#include "pipeline/run.hpp"
#include "pipeline/training_batches.hpp"
#include "pipeline/warm_up.hpp"

namespace pipeline {

/// Runs a warm-up and the configured number of stages over the configured data.
/// @param stage   but for its iterations and its optimization
/// @param target  training batches of the target
template <typename WarmUp, typename Stage, typename Target>
cag::RunEnd run_stages(Run& run, State& state, const WarmUp& warm_up, Stage stage, Target& target) {
  const auto& config = run.config;
  stage.iterations = config.stages.iterations;
  stage.optimization = completed(config.stages);
  Hooks hooks{run};
  auto source = training_batches(run.world.source_train, config, Domain::kSource);
  cag::Domains data{source, target, run.lists.source, run.lists.target};
  const auto parts = config.run.micro_batches;
  return cag::StagewiseScheduler(
             cag::stage::MicroBatches{warm_up, parts},
             cag::stage::Repeated{cag::stage::MicroBatches{std::move(stage), parts},
                                  config.stages.count})
      .run(state, data, hooks);
}

}  // namespace pipeline
