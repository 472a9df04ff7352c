#include <cag/stage/stagewise_scheduler.hpp>

#include <stop_token>
#include <vector>

#include <cag/profile/paper.hpp>
#include <cag/profile/published_code.hpp>
#include <cag/stage/self_training.hpp>
#include <cag/stage/source_with_target_statistics.hpp>
#include <cag/stage/supervised.hpp>
#include <cag/stage/warm_up.hpp>

#include "catch.hpp"
#include "stage/toy.hpp"

namespace {

constexpr cag::Optimization kQuick{.learning_rate = 0.05, .weight_decay = 0, .max_iterations = 50};

template <cag::Profile P = cag::profile::Cag>
auto self_training(std::int64_t iterations) {
  return cag::stage::SelfTraining<P>{
      .categories = toy::kCategories, .iterations = iterations, .optimization = kQuick};
}

struct Recorder {
  std::int64_t stop_after = -1;
  std::vector<std::string> events{};
  void on_stage_begin(auto& state) { events.push_back(fmt::format("begin {}", state.stage)); }
  bool on_step(auto& state, const cag::StepReport& report) {
    events.push_back(fmt::format("step {}.{}", report.stage, report.step));
    return state.drawn != stop_after;
  }
  void on_stage_end(auto& state) { events.push_back(fmt::format("end {}", state.stage)); }
  void on_boundary(auto& state) { events.push_back(fmt::format("boundary {}", state.stage)); }
};

struct PseudoLosses {
  std::vector<double>& pseudo;
  void on_step(auto&, const cag::StepReport& report) {
    CHECK(report.applied);
    CHECK(report.terms.at(0).first == "pseudo");
    pseudo.push_back(report.terms.at(0).second);
  }
};

double source_loss(toy::Net& net) {
  net->eval();
  const at::NoGradGuard no_grad;
  const auto batch = toy::labelled(-1, 0);
  return cag::loss::SourceCrossEntropy<>{}(net->forward(batch.images).logits, batch.labels)
      .item<double>();
}

/// As another thread would ask.
struct StopAfter {
  std::stop_source& source;
  std::int64_t drawn;
  void on_step(auto& state, const cag::StepReport&) {
    if (state.drawn == drawn) source.request_stop();
  }
};

struct AtStep {
  void on_step(auto&, const cag::StepReport& report) {
    if (report.stage == 1 && report.step == 2) throw cag::NumericalError("here");
  }
};
struct AtBoundary {
  void on_boundary(auto&) { throw cag::NumericalError("there"); }
};

/// Labelled targets, which no self-training may see.
struct LeakyData : toy::Data {
  toy::Source target;
};

}  // namespace

TEST_CASE("StagewiseScheduler runs the warm-up, then the repeated stage, hooks in order") {
  toy::Data data;
  cag::RunState state(toy::net());
  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = 2, .optimization = kQuick},
      cag::stage::Repeated{self_training(1), 2});
  CHECK(scheduler.size() == 3);
  Recorder recorder;
  CHECK(scheduler.run(state, data, recorder) == cag::RunEnd::kFinished);
  CHECK(recorder.events == std::vector<std::string>{"begin 0", "step 0.1", "step 0.2", "end 0",
                                                    "boundary 1", "begin 1", "step 1.1", "end 1",
                                                    "boundary 2", "begin 2", "step 2.1", "end 2",
                                                    "boundary 3"});
  CHECK(state.drawn == 4);
}

TEST_CASE("StagewiseScheduler goes on after a stop as if there had been none") {
  toy::Data data;
  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = 3, .optimization = kQuick},
      cag::stage::Repeated{self_training(3), 2});
  cag::RunState straight(toy::net());
  scheduler.run(straight, data);

  const auto stop = GENERATE(values({1, 3, 4, 6, 8}));
  cag::RunState halted(toy::net());
  Recorder recorder{.stop_after = stop};
  CHECK(scheduler.run(halted, data, recorder) == cag::RunEnd::kStopped);
  CHECK(scheduler.run(halted, data) == cag::RunEnd::kFinished);
  const auto expected = straight.student->parameters();
  const auto actual = halted.student->parameters();
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(actual[i].equal(expected[i]));
}

TEST_CASE("StagewiseScheduler stops before the next step where a token asks it to") {
  toy::Data data;
  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = 3, .optimization = kQuick}, self_training(2));
  cag::RunState straight(toy::net());
  scheduler.run(straight, data);

  cag::RunState halted(toy::net());
  std::stop_source source;
  StopAfter hooks{source, 2};
  CHECK(scheduler.run(halted, data, hooks, source.get_token()) == cag::RunEnd::kStopped);
  CHECK(halted.drawn == 2);
  CHECK(scheduler.run(halted, data, hooks, source.get_token()) == cag::RunEnd::kStopped);
  CHECK(halted.drawn == 2);
  CHECK(scheduler.run(halted, data) == cag::RunEnd::kFinished);
  CHECK(halted.student->classifier->weight.equal(straight.student->classifier->weight));
}

TEST_CASE("StagewiseScheduler says after which step of which stage a number was not finite") {
  toy::Data data;
  cag::RunState state(toy::net());
  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = 2, .optimization = kQuick}, self_training(3));
  CHECK_THROWS_WITH(scheduler.run(state, data, AtBoundary{}),
                    "stage 0 (warm-up), after step 2: there");
  CHECK_THROWS_WITH(scheduler.run(state, data, AtStep{}),
                    "stage 1 (self-training), after step 2: here");
}

TEST_CASE("WarmUp lowers the loss on source images it has not seen") {
  toy::Data data;
  cag::RunState state(toy::net());
  const auto before = source_loss(state.student);
  cag::StagewiseScheduler(cag::stage::WarmUp<>{.iterations = 30, .optimization = kQuick})
      .run(state, data);
  CHECK(source_loss(state.student) < 0.5 * before);
}

TEMPLATE_TEST_CASE("SelfTraining labels target pixels and trains with every profile", "",
                   cag::profile::Cag, cag::profile::Paper, cag::profile::PublishedCode) {
  toy::Data data;
  cag::RunState state(toy::net());
  auto training = self_training<TestType>(10);
  std::vector<double> pseudo;
  PseudoLosses hooks{pseudo};
  cag::StagewiseScheduler(cag::stage::WarmUp<>{.iterations = 30, .optimization = kQuick})
      .run(state, data);
  const auto student_before = state.student->classifier->weight.clone();
  state.stage = 0;
  cag::StagewiseScheduler(training).run(state, data, hooks);
  REQUIRE(pseudo.size() == 10);
  CHECK(pseudo.front() > 0);
  CHECK(state.anchors->seen().all().template item<bool>());
  CHECK_FALSE(state.student->classifier->weight.equal(student_before));
  CHECK((*state.teacher)->classifier->weight.equal(student_before));
}

TEST_CASE("SelfTraining accepts no labelled target") {
  STATIC_REQUIRE(cag::Stage<cag::stage::SelfTraining<>, toy::Net, toy::Data>);
  STATIC_REQUIRE(cag::AdaptationData<toy::Data>);
  STATIC_REQUIRE_FALSE(cag::AdaptationData<LeakyData>);
}

TEST_CASE("The control moves batch norm towards the target and reads no target labels") {
  toy::Data data;
  cag::RunState with(toy::net());
  cag::StagewiseScheduler(
      cag::stage::SourceWithTargetStatistics<>{.iterations = 5, .optimization = kQuick})
      .run(with, data);
  CHECK(with.student->norm->num_batches_tracked.item<std::int64_t>() == 10);
}

TEST_CASE("Supervised trains on two labelled domains") {
  LeakyData data;
  cag::RunState state(toy::net());
  const auto before = source_loss(state.student);
  cag::StagewiseScheduler(cag::stage::Supervised<>{.iterations = 30, .optimization = kQuick})
      .run(state, data);
  CHECK(source_loss(state.student) < before);
}

TEST_CASE("A step whose gradient is not finite changes no weight, and a run of them is an error") {
  struct Broken : toy::Data {
    struct {
      cag::LabelledBatch batch(std::int64_t number) {
        auto batch = toy::labelled(number, 0);
        batch.images.fill_(std::numeric_limits<float>::quiet_NaN());
        return batch;
      }
    } source;
  } data;
  cag::RunState state(toy::net());
  const auto before = state.student->conv->weight.clone();
  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = 50, .optimization = kQuick});
  CHECK_THROWS_WITH(scheduler.run(state, data),
                    Catch::Contains("stage 0 (warm-up)") && Catch::Contains("source=nan"));
  CHECK(state.step == cag::StagewiseScheduler<cag::stage::WarmUp<>>::kPatience - 1);
  CHECK(state.student->conv->weight.equal(before));
}

TEST_CASE("The learning rate of step i is base (1 - i / max)^power, from i = 1") {
  const cag::Optimization o{.learning_rate = 0.004, .power = 0.9, .max_iterations = 9};
  CHECK(o.rate(1) == Approx(0.003597681567707765).epsilon(1e-12));
  CHECK(o.rate(9) == 0);
  CHECK(o.rate(12) == 0);
  const cag::Optimization usual{
      .learning_rate = 0.004, .power = 0.9, .max_iterations = 9, .first = 0};
  CHECK(usual.rate(1) == 0.004);
  CHECK(usual.rate(2) == o.rate(1));
}

TEST_CASE("Optimization refuses values out of range and names them") {
  using Catch::Contains;
  CHECK_THROWS_WITH((cag::Optimization{.learning_rate = -1}.check()),
                    Contains("learning_rate") && Contains("-1"));
  CHECK_THROWS_WITH((cag::Optimization{.momentum = 1}.check()), Contains("momentum"));
  CHECK_THROWS_WITH((cag::Optimization{.weight_decay = -0.5}.check()), Contains("weight_decay"));
  CHECK_THROWS_WITH((cag::Optimization{.max_iterations = 0}.check()), Contains("max_iterations"));
  CHECK_THROWS_WITH((cag::Optimization{.first = -1}.check()), Contains("first") && Contains("-1"));
}
