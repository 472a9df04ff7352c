#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>

#include <cag/detail/descend.hpp>
#include <cag/error.hpp>
#include <cag/loss/loss_terms.hpp>
#include <cag/stage/repeated.hpp>
#include <cag/stage/run_state.hpp>
#include <cag/stage/stage.hpp>
#include <cag/stage/step_report.hpp>

namespace cag {
namespace detail {

template <typename S>
struct StageSlot {
  S stage;
  std::int64_t times = 1;
};

template <typename S>
StageSlot<S> slot(S stage) {
  return {std::move(stage), 1};
}

template <typename S>
StageSlot<S> slot(stage::Repeated<S> repeated) {
  return {std::move(repeated.stage), repeated.times};
}

/// The stage itself, repeated or not.
template <typename S>
using StageOf = decltype(slot(std::declval<S>()).stage);

}  // namespace detail

/// Whether a run is over or was asked to stop.
enum class RunEnd { kFinished, kStopped };

/// Runs stages one after the other over a RunState; any stage policy composes (see
/// docs/policies/stage.md). A state that was saved and loaded goes on where it was.
///
/// Hooks are found by name where the hooks object has them:
/// `on_stage_begin(state)`, after a stage has been prepared;
/// `on_step(state, StepReport)`, after each step, true or void to go on, false to stop;
/// `on_stage_end(state)`, after a stage's last step;
/// `on_boundary(state)`, when the state has moved on to the next stage.
template <typename... Stages>
class StagewiseScheduler {
 public:
  explicit StagewiseScheduler(Stages... stages) : slots_(detail::slot(std::move(stages))...) {
    std::apply([](const auto&... slot) { (check(slot), ...); }, slots_);
  }

  /// How many stages there are, repeats counted.
  std::int64_t size() const {
    return std::apply([](const auto&... slot) { return (std::int64_t{0} + ... + slot.times); },
                      slots_);
  }

  /// @param stop  asked before each step: another thread can end the run, as a hook can
  /// @throws NumericalError after kPatience steps in a row whose gradient is not finite, and what
  ///   stages and hooks throw; a NumericalError names the stage and the step
  template <TrainableBackbone B, typename Data, typename Hooks>
  RunEnd run(RunState<B>& state, Data& data, Hooks&& hooks, std::stop_token stop = {}) const
      requires(Stage<detail::StageOf<Stages>, B, Data>&&...) {
    while (state.stage < size()) {
      auto end = RunEnd::kFinished;
      with_stage(state.stage,
                 [&](const auto& stage) { end = located(stage, state, data, hooks, stop); });
      if (end == RunEnd::kStopped) return end;
    }
    return RunEnd::kFinished;
  }

  /// The same without hooks.
  template <TrainableBackbone B, typename Data>
  RunEnd run(RunState<B>& state, Data& data) const
      requires(Stage<detail::StageOf<Stages>, B, Data>&&...) {
    struct {
    } none;
    return run(state, data, none);
  }

  /// Steps in a row without a finite gradient that end a run.
  static constexpr std::int64_t kPatience = 10;

 private:
  template <typename Slot>
  static void check(const Slot& slot) {
    if (slot.times < 0) throw UsageError("stages: expected at least 0, got {}", slot.times);
    if (slot.stage.iterations < 0)
      throw UsageError("iterations: expected at least 0, got {}", slot.stage.iterations);
    slot.stage.optimization.check();
  }

  template <typename F>
  void with_stage(std::int64_t index, F f) const {
    std::apply(
        [&](const auto&... slot) {
          std::int64_t first = 0;
          const auto visit = [&](const auto& s) {
            if (index >= first && index < first + s.times) f(s.stage);
            first += s.times;
          };
          (visit(slot), ...);
        },
        slots_);
  }

  template <typename S, typename B, typename Data, typename Hooks>
  static RunEnd located(const S& stage, RunState<B>& state, Data& data, Hooks& hooks,
                        const std::stop_token& stop) {
    const auto number = state.stage;
    try {
      return run_stage(stage, state, data, hooks, stop);
    } catch (const NumericalError& error) {
      // At the boundary the state has moved on.
      const auto step = state.stage == number ? state.step : stage.iterations;
      throw NumericalError("stage {} ({}), after step {}: {}", number, S::kName, step,
                           error.what());
    }
  }

  template <typename S, TrainableBackbone B, typename Data, typename Hooks>
  requires Stage<S, B, Data>
  static RunEnd run_stage(const S& stage, RunState<B>& state, Data& data, Hooks& hooks,
                          const std::stop_token& stop) {
    if (!state.begun) {
      stage.begin(state, data);
      state.begun = true;
      if constexpr (requires { hooks.on_stage_begin(state); }) hooks.on_stage_begin(state);
    }
    while (state.step < stage.iterations) {
      if (stop.stop_requested()) return RunEnd::kStopped;
      const auto report = run_step(stage, state, data);
      if constexpr (requires {
                      { hooks.on_step(state, report) } -> std::same_as<bool>;
                    }) {
        if (!hooks.on_step(state, report)) return RunEnd::kStopped;
      } else if constexpr (requires { hooks.on_step(state, report); }) {
        hooks.on_step(state, report);
      }
    }
    if constexpr (requires { hooks.on_stage_end(state); }) hooks.on_stage_end(state);
    ++state.stage;
    state.step = 0;
    state.begun = false;
    if constexpr (requires { hooks.on_boundary(state); }) hooks.on_boundary(state);
    return RunEnd::kFinished;
  }

  template <typename S, TrainableBackbone B, typename Data>
  static StepReport run_step(const S& stage, RunState<B>& state, Data& data) {
    auto& module = TrainingTraits<B>::module(state.student);
    const auto rate = stage.optimization.rate(state.step + 1);
    for (auto& group : state.optimizer->param_groups()) group.options().set_lr(rate);
    module.train();
    state.optimizer->zero_grad();
    const auto terms = stage.losses(state, data);
    const auto& total = terms.total();
    const bool applied = detail::descend(total, module, *state.optimizer);
    StepReport report{.stage = state.stage,
                      .stage_name = S::kName,
                      .step = state.step + 1,
                      .iterations = stage.iterations,
                      .learning_rate = rate,
                      .total = total.defined() ? total.template item<double>() : 0,
                      .applied = applied};
    for (const auto& term : terms.terms())
      report.terms.emplace_back(term.name, term.value.template item<double>());
    if (applied) {
      state.skipped = 0;
    } else if (++state.skipped >= kPatience) {
      throw NumericalError(
          "expected a finite gradient, got none in {} steps in a row; loss terms{}", state.skipped,
          listed(report));
    }
    ++state.step;
    ++state.drawn;
    return report;
  }

  static std::string listed(const StepReport& report) {
    std::string text;
    for (const auto& [name, value] : report.terms) text += fmt::format(" {}={}", name, value);
    return text;
  }

  std::tuple<decltype(detail::slot(std::declval<Stages>()))...> slots_;
};

}  // namespace cag
