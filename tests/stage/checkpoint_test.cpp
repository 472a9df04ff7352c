#include <cag/stage/checkpoint.hpp>

#include <cstdlib>
#include <filesystem>
#include <limits>

#include <cag/io/checkpoints.hpp>
#include <cag/stage/self_training.hpp>
#include <cag/stage/stagewise_scheduler.hpp>
#include <cag/stage/warm_up.hpp>

#include "catch.hpp"
#include "stage/toy.hpp"

namespace {

constexpr cag::Optimization kQuick{.learning_rate = 0.05, .max_iterations = 50};

auto scheduler() {
  return cag::StagewiseScheduler(
      cag::stage::WarmUp<>{.iterations = 4, .optimization = kQuick},
      cag::stage::Repeated{
          cag::stage::SelfTraining<>{
              .categories = toy::kCategories, .iterations = 3, .optimization = kQuick},
          2});
}

/// Saves once at a step or at a boundary, then stops.
struct SaveOnce {
  std::int64_t at_drawn;
  bool at_boundary;
  cag::DirectoryContents saved{};
  bool on_step(auto& state, const cag::StepReport&) {
    if (at_boundary || state.drawn != at_drawn) return true;
    saved = cag::checkpoint_of(state);
    return false;
  }
  void on_boundary(auto& state) {
    if (at_boundary && state.drawn == at_drawn) saved = cag::checkpoint_of(state);
  }
};

bool same_bits(const cag::DirectoryContents& a, const cag::DirectoryContents& b) {
  if (a.values != b.values || a.parts.size() != b.parts.size()) return false;
  for (const auto& [part, tensors] : a.parts) {
    if (!b.parts.contains(part) || b.parts.at(part).size() != tensors.size()) return false;
    for (const auto& [name, tensor] : tensors)
      if (!tensor.equal(b.parts.at(part).at(name))) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("A run that goes on from a checkpoint ends with the bits of one that was not cut") {
  toy::Data data;
  cag::RunState straight(toy::net());
  scheduler().run(straight, data);
  const auto expected = cag::checkpoint_of(straight);

  // Within the warm-up, within both stages, and between stages.
  const auto [drawn, boundary] = GENERATE(values<std::pair<std::int64_t, bool>>(
      {{2, false}, {4, true}, {5, false}, {7, true}, {9, false}, {10, true}}));
  CAPTURE(drawn, boundary);
  SaveOnce cut{drawn, boundary};
  {
    cag::RunState state(toy::net());
    scheduler().run(state, data, cut);
  }
  cag::RunState resumed(toy::net(99));  // other weights, another generator: all must be restored
  cag::restore(resumed, cut.saved, "checkpoint");
  CHECK(same_bits(cag::checkpoint_of(resumed), cut.saved));
  scheduler().run(resumed, data);
  CHECK(same_bits(cag::checkpoint_of(resumed), expected));
}

TEST_CASE("A checkpoint goes through a directory unchanged") {
  toy::Data data;
  cag::RunState state(toy::net());
  SaveOnce cut{5, false};
  scheduler().run(state, data, cut);
  const auto run = std::filesystem::temp_directory_path() / "cag-checkpoint-test";
  std::filesystem::remove_all(run);
  cag::CheckpointStore<> store(run);
  store.save(5, cut.saved);
  CHECK(same_bits(store.load(5), cut.saved));
  std::filesystem::remove_all(run);
}

TEST_CASE("A checkpoint of a run in format 1 stays readable, whole") {
  const auto golden = std::filesystem::path(std::getenv("CAG_TESTS")) / "stage/format_1";
  const auto contents = cag::load_directory(golden, cag::kCheckpointFormat);
  cag::RunState state(toy::net(99));
  cag::restore(state, contents, "format 1");
  CHECK(state.stage == 1);
  CHECK(state.step == 1);
  CHECK(state.drawn == 5);
  CHECK(state.begun);
  REQUIRE(state.teacher);
  REQUIRE(state.anchors);
  CHECK(state.anchors->categories() == toy::kCategories);
  CHECK(same_bits(cag::checkpoint_of(state), contents));
}

TEST_CASE("A checkpoint that lacks a part or a value is refused by name") {
  toy::Data data;
  cag::RunState state(toy::net());
  SaveOnce cut{5, false};
  scheduler().run(state, data, cut);
  using Catch::Contains;
  for (const auto* part : {"student", "random", "optimizer"}) {
    auto damaged = cut.saved;
    damaged.parts.erase(part);
    CHECK_THROWS_WITH(cag::restore(state, damaged, "here"), Contains("here") && Contains(part));
  }
  for (const auto* value : {"stage", "step", "begun", "drawn", "skipped"}) {
    auto damaged = cut.saved;
    damaged.values.erase(value);
    CHECK_THROWS_WITH(cag::restore(state, damaged, "here"), Contains("here") && Contains(value));
    damaged.values[value] = "five";
    CHECK_THROWS_WITH(cag::restore(state, damaged, "here"),
                      Contains(fmt::format("here/{}", value)) && Contains("found a string"));
  }
  auto negative = cut.saved;
  negative.values["step"] = std::int64_t{-1};
  CHECK_THROWS_AS(cag::restore(state, negative, "here"), cag::CheckpointError);
  auto foreign = cut.saved;
  foreign.parts["student"].erase("conv.weight");
  CHECK_THROWS_WITH(cag::restore(state, foreign, "here"), Contains("conv.weight"));
}

TEST_CASE("Weights that are not finite are never saved") {
  cag::RunState state(toy::net());
  {
    const at::NoGradGuard no_grad;
    state.student->conv->weight.view({-1})[3] = std::numeric_limits<float>::infinity();
  }
  CHECK_THROWS_AS(cag::checkpoint_of(state), cag::NumericalError);
  CHECK_THROWS_WITH(cag::checkpoint_of(state), Catch::Contains("conv.weight"));
}
