#include <cag/stage/step.hpp>

#include <cmath>
#include <cstddef>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/optim/sgd.h>

#include <cag/anchor/anchor_bank.hpp>
#include <cag/profile/cag.hpp>
#include <cag/stage/self_training.hpp>
#include <cag/stage/stagewise_scheduler.hpp>
#include <cag/stage/warm_up.hpp>

#include "catch.hpp"
#include "stage/toy.hpp"

namespace {

constexpr cag::Optimization kQuick{
    .learning_rate = 0.05, .weight_decay = 0, .max_iterations = 50, .first = 0};

cag::RunState<toy::Net> warmed_up(toy::Data& data) {
  cag::RunState state(toy::net());
  cag::StagewiseScheduler(cag::stage::WarmUp<>{.iterations = 30, .optimization = kQuick})
      .run(state, data);
  return state;
}

}  // namespace

TEST_CASE("step does in a loop of one's own what a stage of the scheduler does") {
  toy::Data data;
  auto theirs = warmed_up(data), ours = warmed_up(data);
  const cag::stage::SelfTraining<> training{
      .categories = toy::kCategories, .iterations = 3, .optimization = kQuick};
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(5);  // of dropout
  cag::StagewiseScheduler(cag::stage::WarmUp<>{.optimization = kQuick}, training).run(theirs, data);

  generator.set_current_seed(5);
  training.begin(ours, data);
  torch::optim::SGD optimizer(ours.student->parameters(),
                              torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(0));
  for (std::int64_t i = 0; i < 3; ++i) {
    optimizer.param_groups().front().options().set_lr(kQuick.rate(i + 1));
    const auto result =
        cag::step(ours.student, *ours.teacher, *ours.anchors, optimizer, data.source.batch(30 + i),
                  data.target.batch(30 + i), training.loss);
    CHECK(result.applied);
    CHECK(result.terms.terms().size() == 4);
    CHECK(result.coverage() > 0);
    CHECK(result.coverage() <= 1);
    CHECK(result.pseudo_labels.sizes() == at::IntArrayRef({2, 2, 8, 8}));
  }
  const auto expected = theirs.student->parameters(), found = ours.student->parameters();
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(found[i].equal(expected[i]));
}

TEST_CASE("step changes no weight where the gradient is not finite, and says so") {
  toy::Data data;
  auto state = warmed_up(data);
  const cag::stage::SelfTraining<> training{.categories = toy::kCategories, .optimization = kQuick};
  training.begin(state, data);
  auto source = data.source.batch(0);
  source.images.fill_(NAN);
  torch::optim::SGD optimizer(state.student->parameters(), torch::optim::SGDOptions(0.05));
  const auto before = state.student->classifier->weight.detach().clone();
  const auto result = cag::step(state.student, *state.teacher, *state.anchors, optimizer, source,
                                data.target.batch(0));
  CHECK_FALSE(result.applied);
  CHECK(state.student->classifier->weight.equal(before));
}
