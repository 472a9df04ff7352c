#include "pipeline/adapt.hpp"

#include <chrono>
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
#include <cag/io/checkpoints.hpp>
#include <cag/io/replace_file.hpp>
#include <cag/io/run_lock.hpp>
#include <cag/stage/checkpoint.hpp>
#include <cag/stage/domains.hpp>
#include <cag/stage/micro_batches.hpp>
#include <cag/stage/self_training.hpp>
#include <cag/stage/source_with_target_statistics.hpp>
#include <cag/stage/stagewise_scheduler.hpp>
#include <cag/stage/supervised.hpp>

#include "pipeline/anchors.hpp"
#include "pipeline/device.hpp"
#include "pipeline/evaluation.hpp"
#include "pipeline/interruption.hpp"
#include "pipeline/network.hpp"
#include "pipeline/plan.hpp"
#include "pipeline/profiles.hpp"
#include "pipeline/progress.hpp"
#include "pipeline/results.hpp"
#include "pipeline/run_directory.hpp"
#include "pipeline/training_batches.hpp"
#include "pipeline/warm_up.hpp"
#include "pipeline/weights.hpp"

namespace pipeline {
namespace {

using State = cag::RunState<cag::AnyBackbone>;
using Clock = std::chrono::steady_clock;

/// Everything of a run but its state.
struct Run {
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

  void save(State& state) {
    auto contents = cag::checkpoint_of(state);
    contents.values["seconds"] = seconds();
    contents.values["data"] = world.fingerprint;
    contents.values["configuration"] = to_toml(config);
    store.save(number_of(state), contents);
  }

  /// Larger for every later state, also across the boundary of two stages.
  static std::int64_t number_of(const State& state) { return state.drawn + state.stage; }

  void evaluate(State& state) {
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

  void export_network(State& state) {
    std::filesystem::create_directories(directory / "networks");
    const auto path = directory / "networks" / fmt::format("stage-{}", state.stage);
    TrainedNetwork{config.network, state.student.frozen_copy(), world.table.names(),
                   world.normalisation, config.run.evaluation_batch}
        .save(path);
    if (!state.anchors) return;
    anchor_file(config, *state.anchors, *state.teacher, world.table.names())
        .save(directory / "networks" / fmt::format("anchors-{}.safetensors", state.stage));
  }
};

struct Hooks {
  Run& run;

  /// Says of values that are not finite what the losses were: they tell where to look.
  void save(State& state, const cag::StepReport& report) {
    try {
      run.save(state);
    } catch (const cag::NumericalError& error) {
      std::string terms;
      for (const auto& [name, value] : report.terms) terms += fmt::format(" {}={}", name, value);
      throw cag::NumericalError("{}; loss terms{}", error.what(), terms);
    }
  }

  void on_stage_begin(State&) { run.progress.restart(); }

  bool on_step(State& state, const cag::StepReport& report) {
    const bool source_alone = state.stage == 0 && run.config.warm_up.method == "source";
    run.progress.show(report, run.config.run.batch * (source_alone ? 1 : 2));
    if (!report.applied)
      run.progress.say(fmt::format("step {}: the gradient is not finite; skipped", report.step));
    const auto every = run.config.run.evaluate_every;
    if (every > 0 && report.step % every == 0 && report.step < report.iterations)
      run.evaluate(state);
    const bool stop = run.interruption.signal() != 0;
    if (stop || (report.step % run.config.run.save_every == 0 && report.step < report.iterations))
      save(state, report);
    return !stop;
  }

  void on_stage_end(State& state) {
    run.evaluate(state);
    run.export_network(state);
  }

  void on_boundary(State& state) {
    run.save(state);
    run.progress.say(fmt::format("stage {} done, {:.0f} s so far", state.stage - 1, run.seconds()));
  }
};

/// Runs the configured stages over the configured data.
cag::RunEnd run_stages(Run& run, State& state) {
  const auto& config = run.config;
  const auto& weights = run.class_weights;
  const auto& s = config.stages;
  Hooks hooks{run};
  auto source = training_batches(run.world.source_train, config, Domain::kSource);
  const auto run_with = [&](const auto& warm_up, auto stage, auto& target) {
    stage.iterations = s.iterations;
    stage.optimization = completed(s);
    const auto parts = config.run.micro_batches;
    cag::Domains data{source, target, run.lists.source, run.lists.target};
    return cag::StagewiseScheduler(
               cag::stage::MicroBatches{warm_up, parts},
               cag::stage::Repeated{cag::stage::MicroBatches{std::move(stage), parts}, s.count})
        .run(state, data, hooks);
  };
  if (s.method == "oracle") {
    auto target = training_batches(*run.world.target_train_truth, config, Domain::kTarget);
    return run_with(source_warm_up(config, weights),
                    cag::stage::Supervised<>{.loss = {.class_weights = weights}}, target);
  }
  auto target = training_batches(run.world.target_train, config, Domain::kTarget);
  return with_warm_up(config, run.world.table.size(), weights, [&](const auto& warm_up) {
    if (s.method == "control")
      return run_with(warm_up,
                      cag::stage::SourceWithTargetStatistics<>{.loss = {.class_weights = weights}},
                      target);
    return with_profile(config, [&]<cag::Profile P>() {
      return run_with(warm_up,
                      cag::stage::SelfTraining<ConfiguredProfile<P>>{
                          .categories = run.world.table.size(),
                          .loss = configured_loss<P>(config, weights),
                          .statistics = {reestimates_teacher(config)}},
                      target);
    });
  });
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

  if (run_stages(run, state) == cag::RunEnd::kStopped) {
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
