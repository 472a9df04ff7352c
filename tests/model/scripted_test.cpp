#include <cag/model/scripted.hpp>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ops/conv2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/stack.h>

#include <cag/io/module_state.hpp>
#include <cag/io/safetensors.hpp>
#include <cag/model/any_backbone.hpp>
#include <cag/model/check_backbone.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/stage/checkpoint.hpp>
#include <cag/stage/self_training.hpp>
#include <cag/stage/stagewise_scheduler.hpp>
#include <cag/stage/warm_up.hpp>

#include "catch.hpp"
#include "data/temporary_folder.hpp"
#include "stage/toy.hpp"

using Catch::Contains;

namespace {

std::filesystem::path from_python(const std::string& name) {
  return std::filesystem::path(std::getenv("CAG_TESTS")) / "model/script" / name;
}

cag::Scripted scripted(const std::string& name) {
  return cag::load_script(cag::TrustedProgram{from_python(name)});
}

constexpr cag::Optimization kQuick{.learning_rate = 0.05, .weight_decay = 0, .max_iterations = 50};

auto scheduler() {
  return cag::StagewiseScheduler(
      cag::stage::WarmUp<>{.iterations = 20, .optimization = kQuick},
      cag::stage::SelfTraining<>{
          .categories = toy::kCategories, .iterations = 4, .optimization = kQuick});
}

}  // namespace

TEST_CASE("A script gives what its network gave in Python") {
  static_assert(cag::TrainableBackbone<cag::Scripted>);
  const auto expected = cag::read_safetensors(from_python("expected.safetensors"));
  auto net = scripted("tuple.pt");
  net->eval();
  const at::NoGradGuard no_grad;
  const auto [features, logits] = cag::predict(net, expected.at("images"));
  CHECK((features - expected.at("features")).abs().max().item<float>() < 1e-6F);
  CHECK((logits - expected.at("logits")).abs().max().item<float>() < 1e-6F);
}

TEST_CASE("A script is a backbone, with its parameters under their names in Python") {
  for (const auto* name : {"tuple.pt", "dict.pt"}) {
    auto net = scripted(name);
    const auto report = cag::check_backbone(net, at::rand({2, 3, 16, 24}));
    INFO(name << "\n" << report.text());
    CHECK(report.ok());
    CHECK(report.shape.width == 6);
    const auto state = cag::module_state(*net);
    CHECK(state.size() == 9);
    CHECK(state.contains("encoder.1.running_mean"));
    CHECK(state.at("encoder.0.weight").sizes() == at::IntArrayRef({6, 3, 4, 4}));
  }
}

TEST_CASE("A script trains, is copied as a teacher, saved in a run, and written for Python") {
  toy::Data data;
  cag::RunState state(scripted("tuple.pt"));
  const auto before = cag::module_state(*state.student);
  REQUIRE(scheduler().run(state, data) == cag::RunEnd::kFinished);
  const auto after = cag::module_state(*state.student);
  CHECK_FALSE(after.at("classify.weight").equal(before.at("classify.weight")));
  CHECK_FALSE(after.at("encoder.1.running_mean").equal(before.at("encoder.1.running_mean")));
  CHECK_FALSE(
      cag::module_state(**state.teacher).at("classify.weight").equal(after.at("classify.weight")));

  cag::RunState restored(scripted("tuple.pt"));
  cag::restore(restored, cag::checkpoint_of(state), "checkpoint");
  const auto images = data.target.batch(7).images;
  const auto logits = [&](cag::Scripted net) {
    const at::NoGradGuard no_grad;
    net->eval();
    return cag::predict(net, images).logits;
  };
  const auto expected = logits(state.student);
  CHECK(logits(restored.student).equal(expected));

  const cag::test::TemporaryFolder folder;
  state.student->write(folder / "adapted.pt");
  CHECK(logits(cag::load_script(cag::TrustedProgram{folder / "adapted.pt"})).equal(expected));
}

TEST_CASE("The statistics of a script's batch norm are re-estimated like any other's") {
  auto net = scripted("tuple.pt");
  const auto before = cag::module_state(*net);
  std::vector<at::Tensor> batches, means, variances;
  for (int i = 1; i <= 3; ++i) {
    batches.push_back(at::rand({2, 3, 16, 24}) * i);
    const auto seen = at::conv2d(batches.back(), before.at("encoder.0.weight"),
                                 before.at("encoder.0.bias"), /*stride=*/4);
    means.push_back(seen.mean({0, 2, 3}));
    variances.push_back(seen.var({0, 2, 3}, /*unbiased=*/true));
  }
  for (const bool trains : {true, false}) {
    net->train(trains);
    cag::norm::Reestimated{}(net, batches);
    const auto after = cag::module_state(*net);
    CHECK(after.at("encoder.1.running_mean").allclose(at::stack(means).mean(0), 1e-5, 1e-6));
    CHECK(after.at("encoder.1.running_var").allclose(at::stack(variances).mean(0), 1e-5, 1e-6));
    CHECK(after.at("encoder.1.num_batches_tracked").item<std::int64_t>() == 3);
    CHECK(net->is_training() == trains);

    // In the mode that it had, with the momentum that it had.
    const at::NoGradGuard no_grad;
    cag::predict(net, batches.front());
    const auto later = cag::module_state(*net).at("encoder.1.running_mean");
    const auto expected = trains ? after.at("encoder.1.running_mean") * 0.9 + means.front() * 0.1
                                 : after.at("encoder.1.running_mean");
    CHECK(later.allclose(expected, 1e-5, 1e-6));
  }
}

TEST_CASE("Of a script's norms those are re-estimated that are batch norms and not frozen") {
  auto net = scripted("norms.pt");
  const auto before = cag::module_state(*net);
  const auto images = at::rand({2, 3, 16, 24});
  cag::norm::Reestimated{}(net, std::vector{images});
  const auto after = cag::module_state(*net);
  for (const auto* same : {"encoder.1.running_mean", "encoder.1.running_var",
                           "encoder.3.running_mean", "encoder.3.running_var"})
    CHECK(after.at(same).equal(before.at(same)));
  // In eval mode the instance norm, of mean 0 and variance 1, hardly changes what the next one
  // sees.
  const auto seen = at::conv2d(images, before.at("encoder.0.weight"), before.at("encoder.0.bias"),
                               /*stride=*/4);
  CHECK(after.at("encoder.2.running_mean").allclose(seen.mean({0, 2, 3}), 1e-3, 1e-4));
}

TEST_CASE("A script is as before where re-estimation fails") {
  auto net = scripted("tuple.pt");
  const auto before = cag::module_state(*net);
  CHECK_THROWS_AS(cag::norm::Reestimated{}(net, std::vector{at::full({1, 3, 16, 16}, NAN)}),
                  cag::NumericalError);
  for (const auto& [name, value] : cag::module_state(*net)) CHECK(value.equal(before.at(name)));
}

TEST_CASE("check_backbone tells a traced network from a scripted one") {
  auto net = scripted("traced.pt");
  const auto report = cag::check_backbone(net, at::rand({2, 3, 16, 16}));
  REQUIRE_FALSE(report.ok());
  CHECK(report.findings.front().about == "eval mode");
}

TEST_CASE("A script of another kind, and a file that is none, are named") {
  auto alone = scripted("alone.pt");
  CHECK_THROWS_WITH(cag::predict(alone, at::rand({1, 3, 16, 16})),
                    Contains("got Tensor: wrap it in Python"));
  CHECK_THROWS_AS(scripted("nothing.pt"), cag::IoError);
  CHECK_THROWS_AS(scripted("make.py"), cag::CheckpointError);
  CHECK_THROWS_WITH(scripted("expected.safetensors"),
                    Contains("expected.safetensors: expected TorchScript"));
}
