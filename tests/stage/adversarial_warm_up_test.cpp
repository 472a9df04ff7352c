#include <cag/stage/adversarial_warm_up.hpp>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <cag/adversarial/least_squares.hpp>
#include <cag/io/safetensors.hpp>
#include <cag/network/deeplab_v2.hpp>
#include <cag/stage/checkpoint.hpp>
#include <cag/stage/stagewise_scheduler.hpp>

#include "catch.hpp"
#include "parity/closed_form.hpp"
#include "toy.hpp"

using cag::DomainLabel;
using cag::TensorMap;
using cag::stage::AdversarialWarmUp;

namespace {

/// Its output is its parameters: gradients of them are gradients of the logits.
struct FixedImpl : torch::nn::Cloneable<FixedImpl> {
  explicit FixedImpl(TensorMap logits) : logits_(std::move(logits)) { reset(); }
  void reset() override {
    for (const auto& [name, tensor] : logits_) register_parameter(name, tensor.clone());
  }
  /// The source is asked first.
  cag::Prediction forward(const at::Tensor&) {
    const std::string domain = asked_++ % 2 == 0 ? "source" : "target";
    const auto parameters = named_parameters();
    const auto& main = parameters[domain + "_main"];
    const auto* auxiliary = parameters.find(domain + "_auxiliary");
    return {main, main, auxiliary == nullptr ? at::Tensor() : *auxiliary};
  }
  TensorMap logits_;
  int asked_ = 0;
};
TORCH_MODULE(Fixed);

struct FixedSource {
  at::Tensor labels;
  cag::LabelledBatch batch(std::int64_t) const {
    return {at::zeros({2, 3, labels.size(1), labels.size(2)}, at::kDouble), labels};
  }
};
struct FixedTarget {
  at::IntArrayRef size;
  cag::UnlabelledBatch batch(std::int64_t) const {
    return {at::zeros({2, 3, size[1], size[2]}, at::kDouble)};
  }
};
struct FixedData {
  FixedSource source, clean_source;
  FixedTarget target, clean_target;
};

void fill(const at::Tensor& parameter, const std::string& key) {
  const cag::parity::ClosedForm form(key);
  const auto fan_in = static_cast<double>(parameter.numel() / parameter.size(0));
  const double scale = parameter.dim() == 1 ? 0.1 : std::sqrt(6 / fan_in);
  auto values = at::empty(parameter.sizes(), at::kDouble);
  auto* out = values.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) out[i] = scale * form(i);
  const at::NoGradGuard no_grad;
  parameter.copy_(values);
}

template <typename Stage>
void replay(Stage stage, const std::string& name) {
  const auto golden = cag::read_safetensors(std::filesystem::path(std::getenv("CAG_TESTS")) /
                                            "stage/adversarial" / (name + ".safetensors"));
  TensorMap logits;
  for (const auto& [key, tensor] : golden)
    if (key.starts_with("logits.")) logits.emplace(key.substr(7), tensor);
  stage.categories = 3;
  cag::RunState state{Fixed(logits)};
  const auto& labels = golden.at("labels");
  FixedData data{{labels}, {labels}, {labels.sizes()}, {labels.sizes()}};
  stage.optimization.power = 0;  // the golden steps have one rate
  stage.begin(state, data);
  for (auto& discriminator : state.adversary->discriminators) discriminator->to(at::kDouble);
  for (const auto& [key, parameter] : cag::detail::adversary_parameters(*state.adversary))
    fill(parameter, key);

  const auto close = [&](const at::Tensor& actual, const std::string& key) {
    INFO(key);
    const auto& expected = golden.at(key);
    REQUIRE(actual.sizes() == expected.sizes());
    const auto largest = expected.abs().max().template item<double>();
    CHECK((actual - expected).abs().max().template item<double>() <= 1e-9 * largest);
  };
  for (const std::string step : {"step1.", "step2."}) {
    state.student->zero_grad();
    const auto terms = stage.losses(state, data);
    terms.total().backward();
    close(terms.total().detach(), step + "total");
    for (const auto& term : terms.terms()) {
      if (term.name == "adversarial") close(term.value.detach(), step + "adversarial_main");
      if (term.name == "adversarial_auxiliary")
        close(term.value.detach(), step + "adversarial_auxiliary");
      if (term.name == "discriminator") close(term.value.detach(), step + "discriminator");
    }
    for (const auto& item : state.student->named_parameters())
      close(item.value().grad(), step + "grad." + item.key());
    ++state.drawn;
  }
  const auto parameters = cag::detail::adversary_parameters(*state.adversary);
  for (const auto& [key, expected] : golden) {
    if (!key.starts_with("after.")) continue;
    INFO(key);
    const at::Tensor difference = parameters.at(key.substr(6)).detach() - expected;
    CHECK(difference.abs().max().item<double>() < 1e-8);  // two steps of Adam move by 2e-4
  }
}

constexpr cag::Optimization kQuick{.learning_rate = 0.01, .max_iterations = 100};

AdversarialWarmUp<> short_warm_up() {
  return {.categories = toy::kCategories,
          .iterations = 4,
          .optimization = kQuick,
          .discriminator_rate = 1e-3,
          .weight = 0.1};
}

/// Toy data of images as large as the discriminator wants.
struct LargeData {
  struct Source {
    cag::LabelledBatch batch(std::int64_t number) {
      auto batch = toy::labelled(number, 0);
      return {batch.images.repeat({1, 1, 2, 2}), batch.labels.repeat({1, 2, 2})};
    }
    std::int64_t size() const { return 2; }
  };
  struct Target {
    cag::UnlabelledBatch batch(std::int64_t number) {
      return {toy::labelled(number + 1000, 1.5).images.repeat({1, 1, 2, 2})};
    }
    std::int64_t size() const { return 2; }
  };
  Source source, clean_source;
  Target target, clean_target;
};

}  // namespace

TEST_CASE("Adversarial losses, gradients and discriminators are those of PyTorch's autograd") {
  replay(AdversarialWarmUp<>{}, "vanilla_one_level");
  replay(AdversarialWarmUp<cag::adversarial::LeastSquares>{.levels = 2},
         "least_squares_two_levels");
}

TEST_CASE("A discriminator's losses are least where it says the domain") {
  const auto scores = at::zeros({1, 1, 1, 1});
  // By hand: sigmoid(0) = 1/2 either way; squares of 0 - 0 and 0 - 1.
  const cag::adversarial::Vanilla vanilla;
  CHECK(vanilla(scores, DomainLabel::kSource).item<double>() == Approx(std::log(2)));
  CHECK(vanilla(scores, DomainLabel::kTarget).item<double>() == Approx(std::log(2)));
  CHECK(vanilla(scores + 3, DomainLabel::kTarget).item<double>() < 0.1);
  const cag::adversarial::LeastSquares squares;
  CHECK(squares(scores, DomainLabel::kSource).item<double>() == 0);
  CHECK(squares(scores, DomainLabel::kTarget).item<double>() == 1);
}

TEST_CASE("The discriminators learn, and nothing of them reaches the student but its own term") {
  LargeData data;
  cag::RunState state(toy::net());
  auto stage = short_warm_up();
  stage.iterations = 20;
  stage.weight = 0;  // the student does not try to deceive
  const cag::StagewiseScheduler scheduler(stage);
  struct {
    std::vector<double> losses;
    TensorMap before;
    void on_stage_begin(cag::RunState<toy::Net>& state) {
      before = cag::adversary_state(*state.adversary);
    }
    void on_step(cag::RunState<toy::Net>& state, const cag::StepReport& report) {
      const std::map<std::string, double> terms(report.terms.begin(), report.terms.end());
      losses.push_back(terms.at("discriminator"));
      CHECK(report.total == Approx(terms.at("source")).epsilon(1e-6));
      CHECK(report.applied);
      for (const auto& [name, parameter] : cag::detail::adversary_parameters(*state.adversary))
        CHECK_FALSE(parameter.equal(before.at(name)));
    }
  } hooks;
  scheduler.run(state, data, hooks);
  REQUIRE(hooks.losses.size() == 20);
  CHECK(hooks.losses.back() < 0.9 * hooks.losses.front());
}

TEST_CASE("A run in an adversarial warm-up resumes where it was, its discriminators too") {
  LargeData data;
  const cag::StagewiseScheduler scheduler(short_warm_up());
  struct StopAtTwo {
    bool on_step(cag::RunState<toy::Net>&, const cag::StepReport& report) {
      return report.step != 2;
    }
  } stop;
  cag::RunState whole(toy::net());
  scheduler.run(whole, data);

  cag::RunState half(toy::net());
  CHECK(scheduler.run(half, data, stop) == cag::RunEnd::kStopped);
  const auto saved = cag::checkpoint_of(half);
  cag::RunState resumed(toy::net(7));
  cag::restore(resumed, saved, "checkpoint");
  scheduler.run(resumed, data);
  CHECK(cag::checkpoint_of(resumed)
            .parts.at("student")
            .at("conv.weight")
            .equal(cag::checkpoint_of(whole).parts.at("student").at("conv.weight")));
  const auto a = cag::adversary_state(*resumed.adversary),
             b = cag::adversary_state(*whole.adversary);
  REQUIRE(a.size() == b.size());
  for (const auto& [name, tensor] : a) CHECK(tensor.equal(b.at(name)));

  auto damaged = saved;
  damaged.parts["adversary"].erase("0.conv2.bias");
  CHECK_THROWS_WITH(cag::restore(resumed, damaged, "checkpoint"),
                    Catch::Contains("checkpoint/adversary") && Catch::Contains("0.conv2.bias"));
  damaged.parts["adversary"].clear();
  CHECK_THROWS_AS(cag::restore(resumed, damaged, "checkpoint"), cag::CheckpointError);
}

TEST_CASE("Two levels train both classifiers, or name the network that has only one") {
  LargeData data;
  auto stage = short_warm_up();
  stage.levels = 2;
  stage.iterations = 1;
  cag::RunState state(cag::DeepLabV2(
      cag::DeepLabV2Options{.depth = 18, .categories = toy::kCategories, .auxiliary = true}));
  cag::StagewiseScheduler(stage).run(state, data);
  for (const auto& item : state.student->named_parameters())
    CHECK(item.value().grad().abs().sum().item<double>() > 0);

  cag::RunState single(toy::net());
  CHECK_THROWS_WITH(cag::StagewiseScheduler(stage).run(single, data),
                    Catch::Contains("expected a network with auxiliary logits"));
  // A state that was saved with one level does not go on with two.
  stage.levels = 1;
  cag::RunState one(toy::net());
  cag::StagewiseScheduler(stage).run(one, data);
  one.stage = 0;
  one.begun = true;
  stage.levels = 2;
  CHECK_THROWS_WITH(cag::StagewiseScheduler(stage).run(one, data),
                    Catch::Contains("with 2 discriminators, found "));
  stage.levels = 3;
  cag::RunState fresh(toy::net());
  CHECK_THROWS_WITH(cag::StagewiseScheduler(stage).run(fresh, data),
                    Catch::Contains("levels: expected 1 or 2, got 3"));
}

TEST_CASE("A discriminator names what it cannot look at") {
  cag::Discriminator discriminator(cag::DiscriminatorOptions{.categories = 3});
  CHECK(discriminator(at::zeros({2, 3, 64, 96})).sizes() == at::IntArrayRef({2, 1, 2, 3}));
  CHECK_THROWS_WITH(discriminator(at::zeros({2, 4, 64, 96})), Catch::Contains("[2, 4, 64, 96]"));
  CHECK_THROWS_WITH(discriminator(at::zeros({2, 3, 16, 96})), Catch::Contains("at least 32 x 32"));
  CHECK_THROWS_AS(cag::Discriminator(cag::DiscriminatorOptions{.categories = 1}), cag::UsageError);
}
