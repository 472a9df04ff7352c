#include <cag/io/module_state.hpp>

#include <limits>
#include <string>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <cag/io/generator_state.hpp>
#include <cag/io/sgd_state.hpp>

#include "catch.hpp"

using cag::load_module_state;
using cag::load_sgd_state;
using cag::module_state;
using cag::sgd_state;
using cag::TensorMap;

namespace {

struct Net : torch::nn::Module {
  Net() {
    head = register_module("head", torch::nn::Linear(3, 2));
    norm = register_module("norm", torch::nn::BatchNorm1d(2));
  }
  torch::nn::Linear head{nullptr};
  torch::nn::BatchNorm1d norm{nullptr};
};

bool same(const TensorMap& a, const TensorMap& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](auto& x, auto& y) {
           return x.first == y.first && x.second.scalar_type() == y.second.scalar_type() &&
                  at::equal(x.second, y.second);
         });
}

torch::optim::SGD make_sgd(Net& net, double lr = 0.1) {
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(net.head->parameters());
  groups.emplace_back(net.norm->parameters(), std::make_unique<torch::optim::SGDOptions>(
                                                  torch::optim::SGDOptions(lr / 2).momentum(0.5)));
  const auto defaults =
      torch::optim::SGDOptions(lr).momentum(0.9).weight_decay(0.01).nesterov(true);
  return torch::optim::SGD(groups, defaults);
}

void step(Net& net, torch::optim::SGD& optimizer) {
  optimizer.zero_grad();
  net.norm(net.head(at::ones({4, 3}) * at::arange(4).unsqueeze(1))).pow(3).sum().backward();
  optimizer.step();
}

std::string message_of(auto&& action) {
  try {
    action();
  } catch (const cag::CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("module_state holds copies of all parameters and buffers by dotted name") {
  Net net;
  const auto state = module_state(net);
  std::vector<std::string> names;
  for (const auto& item : state) names.push_back(item.first);
  CHECK(names == std::vector<std::string>{"head.bias", "head.weight", "norm.bias",
                                          "norm.num_batches_tracked", "norm.running_mean",
                                          "norm.running_var", "norm.weight"});
  const auto before = state.at("head.weight").clone();
  {
    const at::NoGradGuard no_grad;
    net.head->weight.fill_(7);
  }
  CHECK(at::equal(state.at("head.weight"), before));
  CHECK_FALSE(state.at("head.weight").requires_grad());
}

TEST_CASE("load_module_state makes another module equal and keeps its tensors in place") {
  Net from;
  Net to;
  from.norm->running_mean.fill_(3);
  const auto* place = to.head->weight.data_ptr();
  load_module_state(to, module_state(from), "weights");
  CHECK(same(module_state(to), module_state(from)));
  CHECK(to.head->weight.data_ptr() == place);
  CHECK(to.head->weight.requires_grad());
}

TEST_CASE("load_module_state lists everything that does not fit and changes nothing") {
  Net net;
  const auto before = module_state(net);
  auto state = module_state(Net());
  const auto refuse = [&](const std::string& expected) {
    CHECK(message_of([&] { load_module_state(net, state, "weights"); }) ==
          "weights does not fit: " + expected);
    CHECK(same(module_state(net), before));
  };
  SECTION("missing") {
    state.erase("norm.weight");
    refuse("1 missing: norm.weight");
  }
  SECTION("unexpected") {
    state["norm.scale"] = at::ones({2});
    refuse("1 unexpected: norm.scale");
  }
  SECTION("of another shape, also where it would broadcast") {
    state["head.bias"] = at::ones({1});
    state["head.weight"] = at::ones({3, 2});
    refuse(
        "2 of another shape: head.bias expected [2], found [1], head.weight expected [2, 3], found "
        "[3, 2]");
  }
  SECTION("of another type") {
    state["head.bias"] = at::ones({2}, at::kDouble);
    refuse("1 of another type: head.bias expected Float, found Double");
  }
  SECTION("all at once") {
    state.erase("norm.weight");
    state["norm.running_var"] = at::ones({}, at::kLong);
    for (int i = 10; i < 40; ++i) state["extra" + std::to_string(i)] = at::ones({1});
    const auto message = message_of([&] { load_module_state(net, state, "weights"); });
    CHECK_THAT(message, Catch::Contains("1 missing") && Catch::Contains("30 unexpected") &&
                            Catch::Contains("extra29, ...") && !Catch::Contains("extra30") &&
                            Catch::Contains("1 of another shape") &&
                            Catch::Contains("1 of another type"));
  }
}

TEST_CASE("An optimizer with a loaded state takes the same steps") {
  Net one;
  Net two;
  auto first = make_sgd(one);
  for (int i = 0; i < 3; ++i) step(one, first);
  load_module_state(two, module_state(one), "weights");
  auto second = make_sgd(two, 0.7);
  load_sgd_state(second, two, sgd_state(first, one), "optimizer");
  CHECK(same(sgd_state(second, two), sgd_state(first, one)));
  for (int i = 0; i < 3; ++i) {
    step(one, first);
    step(two, second);
  }
  CHECK(same(module_state(two), module_state(one)));
}

TEST_CASE("The state of an optimizer that has not stepped takes momentum away again") {
  Net net;
  auto fresh = make_sgd(net);
  const auto state = sgd_state(fresh, net);
  CHECK_FALSE(state.contains("momentum.head.weight"));
  CHECK(state.at("group.1.lr").item<double>() == 0.05);
  step(net, fresh);
  CHECK(sgd_state(fresh, net).contains("momentum.head.weight"));
  load_sgd_state(fresh, net, state, "optimizer");
  CHECK(same(sgd_state(fresh, net), state));
}

TEST_CASE("load_sgd_state lists what does not fit and changes nothing") {
  Net net;
  auto optimizer = make_sgd(net);
  step(net, optimizer);
  const auto before = sgd_state(optimizer, net);
  auto state = before;
  std::string expected;
  SECTION("momentum of another shape") {
    state["momentum.head.bias"] = at::ones({1});
    expected = "head.bias expected [2], found [1]";
  }
  SECTION("momentum of an unknown parameter") {
    state["momentum.tail"] = at::ones({1});
    expected = "1 unexpected: momentum.tail";
  }
  SECTION("a parameter unknown to the state") {
    state.erase("group_of.head.bias");
    expected = "1 missing: group_of.head.bias";
  }
  SECTION("a group too many") {
    state["group.2.lr"] = at::full({}, 0.1, at::kDouble);
    expected = "1 unexpected: group.2.lr";
  }
  SECTION("a parameter in another group") {
    state["group_of.head.bias"] = at::full({}, 1, at::kLong);
    expected = "expected head.bias in group 0";
  }
  SECTION("an option that is no number") {
    state["group.1.momentum"] = at::full({}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
    state["group.0.lr"] = at::full({}, 5.0, at::kDouble);
    expected = "group.1.momentum of at least 0, found nan";
  }
  CHECK_THAT(message_of([&] { load_sgd_state(optimizer, net, state, "optimizer"); }),
             Catch::Contains(expected));
  CHECK(same(sgd_state(optimizer, net), before));
}

TEST_CASE("sgd_state refuses an optimizer of another module") {
  Net one;
  Net two;
  const auto optimizer = make_sgd(one);
  CHECK_THROWS_AS(sgd_state(optimizer, two), cag::UsageError);
}

TEST_CASE("The default generator goes on from a saved state") {
  at::randn({3});
  const auto state = cag::cpu_generator_state();
  const auto expected = at::randn({5});
  CHECK_FALSE(at::equal(at::randn({5}), expected));
  cag::set_cpu_generator_state(state, "generator");
  CHECK(at::equal(at::randn({5}), expected));
}

TEST_CASE("A generator state of another size or type, or of nonsense, is refused") {
  const auto state = cag::cpu_generator_state();
  for (const auto& wrong :
       {at::Tensor(), state.slice(0, 1), state.to(at::kInt), at::zeros_like(state)}) {
    CHECK_THROWS_AS(cag::set_cpu_generator_state(wrong, "generator"), cag::CheckpointError);
  }
  CHECK(at::equal(cag::cpu_generator_state(), state));
}
