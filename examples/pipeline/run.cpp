#include "pipeline/run.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

#include <cag/error.hpp>
#include <cag/stage/checkpoint.hpp>

#include "pipeline/anchors.hpp"
#include "pipeline/network.hpp"

namespace pipeline {

void Run::save(State& state) {
  auto contents = cag::checkpoint_of(state);
  contents.values["seconds"] = seconds();
  contents.values["data"] = world.fingerprint;
  contents.values["configuration"] = to_toml(config);
  store.save(number_of(state), contents);
}

void Run::evaluate(State& state) {
  const bool start = state.stage == 0 && !config.run.start.empty();
  progress.say(start ? "evaluating the network that the run starts from"
                     : fmt::format("evaluating stage {} at step {}", state.stage, state.step));
  for (auto& row : evaluate_all(config, state.student, lists, world, protocols)) {
    row.stage = state.stage;
    row.step = start ? 0 : state.step;
    row.seconds = seconds();
    row.peak_mib = peak_mib();
    progress.say(fmt::format("  {:<10} mIoU {:.2f} %", row.domain, 100 * row.miou));
    results.put(std::move(row));
  }
  progress.restart();
}

void Run::export_network(State& state) {
  std::filesystem::create_directories(directory / "networks");
  const auto path = directory / "networks" / fmt::format("stage-{}", state.stage);
  TrainedNetwork{config.network, state.student.frozen_copy(), world.table.names(),
                 world.normalisation, config.run.evaluation_batch}
      .save(path);
  if (!state.anchors) return;
  anchor_file(config, *state.anchors, *state.teacher, world.table.names())
      .save(directory / "networks" / fmt::format("anchors-{}.safetensors", state.stage));
}

bool Hooks::on_step(State& state, const cag::StepReport& report) {
  const bool source_alone = state.stage == 0 && run.config.warm_up.method == "source";
  run.progress.show(report, run.config.run.batch * (source_alone ? 1 : 2));
  if (!report.applied)
    run.progress.say(fmt::format("step {}: the gradient is not finite; skipped", report.step));
  const auto every = run.config.run.evaluate_every;
  if (every > 0 && report.step % every == 0 && report.step < report.iterations) run.evaluate(state);
  const bool stop = run.interruption.signal() != 0;
  if (stop || (report.step % run.config.run.save_every == 0 && report.step < report.iterations))
    save(state, report);
  return !stop;
}

void Hooks::on_boundary(State& state) {
  run.save(state);
  run.progress.say(fmt::format("stage {} done, {:.0f} s so far", state.stage - 1, run.seconds()));
}

void Hooks::save(State& state, const cag::StepReport& report) {
  try {
    run.save(state);
  } catch (const cag::NumericalError& error) {
    std::string terms;
    for (const auto& [name, value] : report.terms) terms += fmt::format(" {}={}", name, value);
    throw cag::NumericalError("{}; loss terms{}", error.what(), terms);
  }
}

}  // namespace pipeline
