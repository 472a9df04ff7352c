#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <cag/detail/naming.hpp>
#include <cag/error.hpp>
#include <cag/io/adversary_state.hpp>
#include <cag/io/anchors.hpp>
#include <cag/io/directory.hpp>
#include <cag/io/generator_state.hpp>
#include <cag/io/module_state.hpp>
#include <cag/io/sgd_state.hpp>
#include <cag/stage/run_state.hpp>

namespace cag {
namespace detail {

inline void expect_finite(const TensorMap& tensors, std::string_view what) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.is_floating_point() && !tensor.isfinite().all().item<bool>())
      throw NumericalError("{} {}: expected finite values, found one that is not: not saved", what,
                           name);
  }
}

inline const TensorMap& part_of(const DirectoryContents& contents, const std::string& name,
                                std::string_view what) {
  const auto part = contents.parts.find(name);
  if (part == contents.parts.end())
    throw CheckpointError("{}: expected the part {}, found none", what, name);
  return part->second;
}

inline const Json& value_of(const DirectoryContents& contents, const std::string& name,
                            std::string_view what) {
  const auto value = contents.values.find(name);
  if (value == contents.values.end())
    throw CheckpointError("{}: expected the value {}, found none", what, name);
  return value->second;
}

}  // namespace detail

/// All of a run's state, LibTorch's CPU generator included, to be written as a checkpoint.
/// @throws NumericalError where the student or an adversary has a value that is not finite
template <TrainableBackbone B>
DirectoryContents checkpoint_of(RunState<B>& state) {
  DirectoryContents contents;
  auto& student = TrainingTraits<B>::module(state.student);
  contents.parts["student"] = module_state(student);
  detail::expect_finite(contents.parts["student"], "student");
  if (state.teacher)
    contents.parts["teacher"] = module_state(TrainingTraits<B>::module(*state.teacher));
  if (state.anchors) contents.parts["anchors"] = anchor_tensors(*state.anchors);
  if (state.optimizer) contents.parts["optimizer"] = sgd_state(*state.optimizer, student);
  if (state.adversary) {
    contents.parts["adversary"] = adversary_state(*state.adversary);
    detail::expect_finite(contents.parts["adversary"], "adversary");
  }
  contents.parts["random"] = {{"cpu", cpu_generator_state()}};
  contents.values = {{"stage", state.stage},
                     {"step", state.step},
                     {"begun", state.begun},
                     {"drawn", state.drawn},
                     {"skipped", state.skipped}};
  return contents;
}

/// Puts a checkpoint into `state`, whose network is of the kind that made it. `what` names the
/// checkpoint in messages.
/// @throws CheckpointError where the checkpoint is of another network or incomplete; the state is
///   then not to be used
template <TrainableBackbone B>
void restore(RunState<B>& state, const DirectoryContents& contents, std::string_view what) {
  const auto named = [&](std::string_view part) { return fmt::format("{}/{}", what, part); };
  const auto number = [&](const char* name) {
    const auto& json = detail::value_of(contents, name, what);
    const auto value = detail::naming(named(name), [&] { return json.as_int64(); });
    if (value < 0)
      throw CheckpointError("{}: expected {} of at least 0, got {}", what, name, value);
    return value;
  };
  auto& student = TrainingTraits<B>::module(state.student);
  load_module_state(student, detail::part_of(contents, "student", what), named("student"));
  state.teacher.reset();
  if (contents.parts.contains("teacher")) {
    state.teacher = TrainingTraits<B>::frozen_copy(state.student);
    load_module_state(TrainingTraits<B>::module(*state.teacher), contents.parts.at("teacher"),
                      named("teacher"));
  }
  state.anchors.reset();
  if (contents.parts.contains("anchors")) {
    state.anchors = anchors_from(contents.parts.at("anchors"), named("anchors"));
  }
  state.optimizer.reset();
  if (contents.parts.contains("optimizer")) {
    state.restart({});
    load_sgd_state(*state.optimizer, student, contents.parts.at("optimizer"), named("optimizer"));
  }
  state.adversary.reset();
  if (contents.parts.contains("adversary")) {
    const auto device = student.parameters().front().device();
    state.adversary.emplace(
        adversary_from(contents.parts.at("adversary"), device, named("adversary")));
  }
  const auto& random = detail::part_of(contents, "random", what);
  if (!random.contains("cpu"))
    throw CheckpointError("{}: expected the generator state random/cpu, found none", what);
  set_cpu_generator_state(random.at("cpu"), named("random"));
  state.stage = number("stage");
  state.step = number("step");
  state.drawn = number("drawn");
  state.skipped = number("skipped");
  const auto& begun = detail::value_of(contents, "begun", what);
  state.begun = detail::naming(named("begun"), [&] { return begun.as_bool(); });
  if (state.begun && !state.optimizer)
    throw CheckpointError("{}: expected the optimizer of a stage that has begun, found none", what);
}

}  // namespace cag
