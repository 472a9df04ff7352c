#include "pipeline/adapt.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <cag/detail/naming.hpp>
#include <cag/error.hpp>
#include <cag/io/replace_file.hpp>
#include <cag/io/run_lock.hpp>
#include <cag/stage/checkpoint.hpp>
#include <cag/stage/source_with_target_statistics.hpp>
#include <cag/stage/supervised.hpp>

#include "pipeline/device.hpp"
#include "pipeline/network.hpp"
#include "pipeline/plan.hpp"
#include "pipeline/profile_parts.hpp"
#include "pipeline/profiles.hpp"
#include "pipeline/run.hpp"
#include "pipeline/run_directory.hpp"
#include "pipeline/stages.hpp"
#include "pipeline/weights.hpp"

namespace pipeline {
namespace {

/// Runs the configured stages over the configured data.
cag::RunEnd run_method(Run& run, State& state) {
  const auto& config = run.config;
  const auto& weights = run.class_weights;
  if (config.stages.method == "oracle") {
    auto target = training_batches(*run.world.target_train_truth, config, Domain::kTarget);
    return run_stages(run, state, source_warm_up(config, weights),
                      cag::stage::Supervised<>{.loss = {.class_weights = weights}}, target);
  }
  if (config.stages.method == "control") {
    auto target = training_batches(run.world.target_train, config, Domain::kTarget);
    return with_warm_up(config, run.world.table.size(), weights, [&](const auto& warm_up) {
      return run_stages(
          run, state, warm_up,
          cag::stage::SourceWithTargetStatistics<>{.loss = {.class_weights = weights}}, target);
    });
  }
  return parts_for(config).self_train(run, state);
}

/// Puts `start` in the place of the warm-up's network, at the warm-up's end: evaluated and written
/// like one that was trained here.
void start_from(State& state, TrainedNetwork& start, const Config& config) {
  cag::load_module_state(state.student.module(), cag::module_state(start.net.module()), "start");
  state.restart(completed(config.warm_up));
  state.begun = true;
  state.step = config.warm_up.iterations;
  state.drawn = config.warm_up.iterations;
}

/// Saves the first checkpoint, then the configuration that makes the directory a run.
void begin(Run& run, State& state) {
  // A start that was cut short got no further than its first checkpoint.
  std::filesystem::remove_all(run.store.path(0).parent_path());
  run.save(state);
  const auto text = to_toml(run.config);
  const std::string_view piece = text;
  cag::replace_file(run.directory / kConfigFile, {&piece, 1});
}

/// Puts a checkpoint of this run, named `what`, into `state`.
void restore(Run& run, State& state, const cag::DirectoryContents& contents,
             const std::string& what) {
  const auto& data = cag::detail::value_of(contents, "data", what).as_string();
  if (data != run.world.fingerprint)
    throw cag::CheckpointError("{}: made with other lists of images (fingerprint {}, now {})", what,
                               data, run.world.fingerprint);
  const auto& saved = cag::detail::value_of(contents, "configuration", what).as_string();
  const auto began = parse_config(saved, what);
  if (const auto key = first_difference(began, run.config); !key.empty())
    throw cag::CheckpointError(
        "{}: expected the {} that the run began with, {}, found another in {}, {}", what, key,
        value_text(began, key), (run.directory / kConfigFile).string(),
        value_text(run.config, key));
  cag::restore(state, contents, what);
  if (run.config.stages.method == "self_training" && state.stage > 0 && state.begun &&
      !(state.teacher && state.anchors))
    throw cag::CheckpointError("{}: expected the teacher and the anchors of a stage, found none",
                               what);
  run.seconds_before = cag::detail::value_of(contents, "seconds", what).as_double();
}

/// That what a run made which has ended is still there: going on would not make it again.
void expect_whole(const Run& run) {
  const auto expect = [&](const std::filesystem::path& path) {
    if (!std::filesystem::exists(path))
      throw cag::CheckpointError("{}: expected {} of the run, which has ended, found none",
                                 run.directory.string(), path.string());
  };
  expect(run.directory / "results.csv");
  for (std::int64_t stage = 0; stage <= run.config.stages.count; ++stage)
    expect(run.directory / "networks" / fmt::format("stage-{}", stage));
}

void resume(Run& run, State& state) {
  const auto latest = run.store.latest();
  for (const auto& skipped : latest.skipped)
    run.progress.say(fmt::format("passed over {}: {}", skipped.path.string(), skipped.reason));
  if (!latest.checkpoint)
    throw cag::CheckpointError("{}: expected an intact checkpoint, found none of {}",
                               run.directory.string(), latest.skipped.size());
  const auto what = run.store.path(latest.checkpoint->step).string();
  cag::detail::naming(what, [&] { restore(run, state, latest.checkpoint->contents, what); });
  const bool ended = state.stage > run.config.stages.count;
  if (ended) expect_whole(run);
  run.progress.say(ended ? "the run has ended already"
                         : fmt::format("resuming at stage {}, step {}", state.stage, state.step));
}

}  // namespace

int adapt(const Program& program, const Config& given, const AdaptOptions& options) {
  const auto config_file = options.out / kConfigFile;
  if (options.resume && !std::filesystem::exists(config_file))
    throw cag::UsageError("{}: expected a run to resume, found no {}", options.out.string(),
                          kConfigFile);
  std::optional<cag::RunLock> lock;
  if (options.resume) lock.emplace(options.out);
  const auto config = options.resume ? read_config(config_file) : given;
  check(config);
  if (!options.resume) expect_new(options.out);
  const auto device = device_of(config.run.device);
  const auto world = World::open(config, program);
  const auto weights = class_weights(config, world.source_train);
  std::optional<TrainedNetwork> start;
  if (!options.resume && !config.run.start.empty()) start = load_start(config.run.start, config);
  if (config.run.threads > 0) at::set_num_threads(static_cast<int>(config.run.threads));

  const Protocols protocols(world.table.names(), program.subsets);
  if (!options.resume) {
    // What is refused leaves no directory, hence no lock before; another run may have come since.
    lock.emplace(options.out);
    expect_new(options.out);
  }
  Run run{.config = config,
          .directory = options.out,
          .world = world,
          .class_weights = weights.defined() ? weights.to(device) : weights,
          .lists = CleanLists::of(config, world),
          .protocols = protocols,
          .store = cag::CheckpointStore<>(options.out),
          .results = Results(options.out / "results.csv", world.table.names(), protocols)};
  run.store.remove_leftovers();
  remove_leftovers(options.out);
  for (const auto& line : gaps(world)) run.progress.say(line);
  if (!world.target_validation)
    run.progress.say("no labels of the target's validation split: the target is not evaluated");
  for (std::int64_t k = 0; weights.defined() && k < weights.size(0); ++k)
    if (weights[k].item<float>() == 0)
      run.progress.say(fmt::format("never in the source's training images: {}",
                                   world.table.names()[static_cast<std::size_t>(k)]));

  // Weights are drawn on the CPU, dropout where the network is.
  for (const at::Device drawing : {at::Device(at::kCPU), device}) {
    at::Generator generator = at::globalContext().defaultGenerator(drawing);
    generator.set_current_seed(static_cast<std::uint64_t>(config.run.seed));
  }
  State state(make_network(config.network, world.table.size()));
  state.student.module().to(device);
  if (start) start_from(state, *start, config);
  if (options.resume) {
    resume(run, state);
  } else {
    run.progress.say(plan(config, world));
    if (!config.network.weights.empty())
      run.progress.say(load_initial_weights(state.student.module(), config.network.weights));
    begin(run, state);
  }

  if (run_method(run, state) == cag::RunEnd::kStopped) {
    run.progress.say(fmt::format("stopped at stage {}, step {}; go on with: {} adapt --resume {}",
                                 state.stage, state.step, program.name, options.out.string()));
    return 128 + run.interruption.signal();
  }
  const auto by_protocol = run.results.protocols();
  run.progress.say(fmt::format(
      "\n{}{}{}\nresults: {}",
      run.results.summary(reestimates_teacher(config) ? "target+bn" : "target"),
      by_protocol.empty() ? "" : "\n", by_protocol, (options.out / "results.csv").string()));
  return 0;
}

}  // namespace pipeline
