#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include <ATen/core/Tensor.h>

#include <cag/io/checkpoints.hpp>
#include <cag/model/any_backbone.hpp>
#include <cag/stage/run_state.hpp>
#include <cag/stage/step_report.hpp>

#include "pipeline/config.hpp"
#include "pipeline/evaluation.hpp"
#include "pipeline/interruption.hpp"
#include "pipeline/progress.hpp"
#include "pipeline/protocols.hpp"
#include "pipeline/results.hpp"
#include "pipeline/world.hpp"

namespace pipeline {

using State = cag::RunState<cag::AnyBackbone>;

/// Everything of a run but its state.
struct Run {
  using Clock = std::chrono::steady_clock;

  const Config& config;
  std::filesystem::path directory;
  const World& world;
  at::Tensor class_weights;  ///< [K], undefined for none
  CleanLists lists;
  Protocols protocols;
  cag::CheckpointStore<> store;
  Results results;
  Progress progress{};
  Interruption interruption{};
  double seconds_before = 0;
  Clock::time_point began = Clock::now();

  double seconds() const {
    return seconds_before + std::chrono::duration<double>(Clock::now() - began).count();
  }

  void save(State& state);
  /// Says what it does, and puts its rows into `results`.
  void evaluate(State& state);
  /// Writes the network at a stage's end, and the anchors of that stage.
  void export_network(State& state);

  /// Larger for every later state, also across the boundary of two stages.
  static std::int64_t number_of(const State& state) { return state.drawn + state.stage; }
};

/// What a run does beside its steps, as the scheduler calls it.
struct Hooks {
  Run& run;

  void on_stage_begin(State&) { run.progress.restart(); }
  bool on_step(State& state, const cag::StepReport& report);
  void on_stage_end(State& state) {
    run.evaluate(state);
    run.export_network(state);
  }
  void on_boundary(State& state);

 private:
  /// Says of values that are not finite what the losses were: they tell where to look.
  void save(State& state, const cag::StepReport& report);
};

}  // namespace pipeline
