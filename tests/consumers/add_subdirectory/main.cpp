// A run as a whole over data of this project's own: warm-up, then two stages of self-training,
// watched by hooks.

#include <cag/network/compact.hpp>
#include <cag/stage/repeated.hpp>
#include <cag/stage/self_training.hpp>
#include <cag/stage/stagewise_scheduler.hpp>
#include <cag/stage/warm_up.hpp>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>

namespace {

constexpr std::int64_t kCategories = 3;
constexpr std::int64_t kSide = 32;

/// Four quarters of one colour per category: a function of the number, so that a run can be
/// repeated.
cag::LabelledBatch draw(std::int64_t number, double shift) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(number));
  const auto labels = at::randint(kCategories, {2, 2, 2}, generator, at::kLong)
                          .repeat_interleave(kSide / 2, 1)
                          .repeat_interleave(kSide / 2, 2);
  const auto colours = at::arange(kCategories).view({1, 3, 1, 1}).eq(labels.unsqueeze(1));
  const auto noise = at::randn({2, 3, kSide, kSide}, generator).mul(0.2);
  return {colours.to(at::kFloat).mul(2).add(noise).add(shift), labels};
}

struct Source {
  cag::LabelledBatch batch(std::int64_t number) const { return draw(number, 0); }
  std::int64_t size() const { return 4; }
};

struct Target {
  cag::UnlabelledBatch batch(std::int64_t number) const {
    return {draw(number + 1000, 0.3).images};
  }
  std::int64_t size() const { return 4; }
};

/// Counts, and looks at what each step of self-training reports.
struct Watch {
  std::int64_t stages = 0;
  std::int64_t steps = 0;
  bool complete = true;

  void on_stage_begin(auto& state) {
    if (state.stage > 0) complete = complete && state.teacher && state.anchors;
  }
  void on_step(auto&, const cag::StepReport& report) {
    ++steps;
    complete = complete && report.applied && report.terms.size() == (report.stage == 0 ? 1 : 4);
  }
  void on_boundary(auto&) { ++stages; }
};

double accuracy(cag::Compact& net) {
  net->eval();
  const at::NoGradGuard no_grad;
  const auto [images, labels] = draw(5000, 0.3);
  const auto category = net->forward(images).logits.argmax(1);
  const auto truth = cag::downsample_labels(labels, category.size(1), category.size(2));
  return category.eq(truth).to(at::kFloat).mean().item<double>();
}

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

}  // namespace

int main() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(1);
  Source source;
  Target target;
  cag::Domains data{source, target, source, target};

  const cag::Optimization optimization{.learning_rate = 0.02, .max_iterations = 40};
  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = 20, .optimization = optimization},
      cag::stage::Repeated{
          cag::stage::SelfTraining<>{
              .categories = kCategories, .iterations = 3, .optimization = optimization},
          2});

  cag::RunState state(cag::Compact(cag::CompactOptions{.categories = kCategories}));
  Watch watch;
  expect(scheduler.run(state, data, watch) == cag::RunEnd::kFinished, "expected a finished run");
  expect(watch.stages == 3 && watch.steps == 26, "expected 3 stages and 26 steps");
  expect(watch.complete, "expected a teacher, anchors and loss terms in self-training");
  expect(state.anchors->seen().all().item<bool>(), "expected an anchor of each category");
  const auto reached = accuracy(state.student);
  std::printf("accuracy on the target %.2f\n", reached);
  expect(reached > 0.6, "expected an adapted network");
  std::puts("OK");
}
