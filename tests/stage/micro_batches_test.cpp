#include <cag/stage/micro_batches.hpp>

#include <vector>

#include <ATen/ops/cat.h>

#include <cag/stage/self_training.hpp>
#include <cag/stage/stagewise_scheduler.hpp>
#include <cag/stage/warm_up.hpp>

#include "catch.hpp"
#include "stage/toy.hpp"

namespace {

constexpr cag::Optimization kQuick{.learning_rate = 0.05, .weight_decay = 0, .max_iterations = 50};

/// Four images at a time, and how often they were asked for.
template <typename Source>
struct Doubled {
  Source source{};
  std::int64_t reads = 0;
  auto batch(std::int64_t number) {
    ++reads;
    auto whole = source.batch(2 * number);
    const auto more = source.batch(2 * number + 1);
    whole.images = at::cat({whole.images, more.images});
    if constexpr (requires { whole.labels; }) whole.labels = at::cat({whole.labels, more.labels});
    return whole;
  }
};

struct Data {
  Doubled<toy::Source> source;
  Doubled<toy::Target> target;
  toy::CleanSource clean_source;
  toy::CleanTarget clean_target;
};

/// Without dropout a step is a function of weights and images.
cag::RunState<toy::Net> pure_state() {
  auto net = toy::net();
  net->dropout->options.p(0);
  return cag::RunState(net);
}

std::vector<at::Tensor> gradients(toy::Net& net) {
  std::vector<at::Tensor> all;
  for (const auto& parameter : net->parameters()) {
    all.push_back(parameter.grad().clone());
    parameter.mutable_grad().reset();
  }
  return all;
}

cag::stage::SelfTraining<> self_training() {
  return {.categories = toy::kCategories, .iterations = 2, .optimization = kQuick};
}

}  // namespace

TEST_CASE("MicroBatches gives the mean of the losses and gradients of its pieces") {
  toy::Data single;  // its batches 0 and 1 are the pieces of the doubled data's batch 0
  Data data;
  auto state = pure_state();
  const auto stage = self_training();
  stage.begin(state, single);
  state.student->train();

  std::vector<cag::LossTerms> terms;
  std::vector<std::vector<at::Tensor>> piece;
  for (state.drawn = 0; state.drawn < 2; ++state.drawn) {
    terms.push_back(stage.losses(state, single));
    terms.back().total().backward();
    piece.push_back(gradients(state.student));
  }
  state.drawn = 0;
  const auto both = cag::stage::MicroBatches{stage, 2}.losses(state, data);
  both.total().backward();
  const auto together = gradients(state.student);
  for (std::size_t i = 0; i < together.size(); ++i)
    CHECK((together[i] - (piece[0][i] + piece[1][i]) / 2).abs().max().item<float>() < 1e-6);
  REQUIRE(both.terms().size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(both.terms()[i].name == terms[0].terms()[i].name);
    CHECK(both.terms()[i].weight == terms[0].terms()[i].weight);
    CHECK(both.terms()[i].value.item<float>() ==
          Approx((terms[0].terms()[i].value + terms[1].terms()[i].value).item<float>() / 2));
  }
  CHECK(data.source.reads == 1);
  CHECK(data.target.reads == 1);
}

TEST_CASE("A scheduler's steps with MicroBatches follow the mean gradient of the pieces") {
  toy::Data single;
  Data data;
  const cag::stage::WarmUp<> stage{.iterations = 2, .optimization = kQuick};
  auto expected = pure_state();
  stage.begin(expected, single);
  expected.student->train();
  auto& net = expected.student;
  for (std::int64_t step = 0; step < stage.iterations; ++step) {
    expected.optimizer->zero_grad();
    for (auto& group : expected.optimizer->param_groups())
      group.options().set_lr(kQuick.rate(step + 1));
    for (expected.drawn = 2 * step; expected.drawn < 2 * step + 2; ++expected.drawn)
      (stage.losses(expected, single).total() / 2).backward();
    expected.optimizer->step();
  }
  auto state = pure_state();
  cag::StagewiseScheduler(cag::stage::MicroBatches{stage, 2}).run(state, data);
  for (const auto& parameter : net->named_parameters()) {
    INFO(parameter.key());
    const auto other = state.student->named_parameters()[parameter.key()];
    CHECK((other - parameter.value()).abs().max().template item<float>() < 1e-6);
  }
}

TEST_CASE("MicroBatches begins and steps by its own iterations and optimization") {
  Data data;
  auto state = pure_state();
  cag::stage::MicroBatches stage{self_training(), 2};
  stage.iterations = 1;
  stage.optimization.momentum = 0.5;
  stage.begin(state, data);
  const auto& options = state.optimizer->param_groups().front().options();
  CHECK(static_cast<const torch::optim::SGDOptions&>(options).momentum() == 0.5);
}

TEST_CASE("MicroBatches of one piece is the stage itself, bit for bit") {
  toy::Data data;
  const auto train = [&](const auto& stage) {
    cag::RunState state(toy::net());
    cag::StagewiseScheduler(cag::stage::Repeated{stage, 2}).run(state, data);
    return state.student->classifier->weight.detach().clone();
  };
  const auto plain = train(self_training());
  CHECK(train(cag::stage::MicroBatches{self_training()}).equal(plain));
}

TEST_CASE("MicroBatches lets batch norm see one piece at a time") {
  Data data;
  auto state = pure_state();
  const cag::stage::WarmUp<> stage{.iterations = 1, .optimization = kQuick};
  cag::StagewiseScheduler(cag::stage::MicroBatches{stage, 2}).run(state, data);
  CHECK(state.student->norm->num_batches_tracked.item<std::int64_t>() == 2);
  CHECK(data.target.reads == 0);  // which a warm-up does not need
}

TEST_CASE("MicroBatches refuses batches that it cannot divide") {
  Data data;
  auto state = pure_state();
  const auto with = [&](std::int64_t parts) {
    cag::stage::MicroBatches stage{self_training(), parts};
    stage.begin(state, data);
    stage.losses(state, data);
  };
  CHECK_THROWS_WITH(with(3), Catch::Contains("that 3 micro-batches divide, got 4 images"));
  CHECK_THROWS_WITH(with(0), Catch::Contains("at least 1 micro-batch, got 0"));
}
