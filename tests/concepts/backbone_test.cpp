#include <cag/model/trainable_backbone.hpp>

#include <tuple>

#include <ATen/ops/rand.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cag/norm/reestimated.hpp>
#include <cag/norm/statistics_rule.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

template <typename Result>
struct Giving {
  Result forward(const at::Tensor& images) { return {images, images.narrow(1, 0, 2)}; }
};

using Pair = std::pair<at::Tensor, at::Tensor>;
using Tuple = std::tuple<at::Tensor, at::Tensor>;

static_assert(Backbone<Giving<Prediction>> && Backbone<Giving<Pair>> && Backbone<Giving<Tuple>>);
static_assert(Backbone<std::shared_ptr<Giving<Pair>>>);

struct NoForward {};
struct OneMap {
  at::Tensor forward(const at::Tensor& images) { return images; }
};
struct ThreeMaps {
  std::tuple<at::Tensor, at::Tensor, at::Tensor> forward(const at::Tensor& x) { return {x, x, x}; }
};
struct WritesImages {
  Prediction forward(at::Tensor& images) { return {images, images}; }
};
static_assert(!Backbone<NoForward> && !Backbone<OneMap> && !Backbone<ThreeMaps>);
static_assert(!Backbone<WritesImages> && !Backbone<int>);
static_assert(!Backbone<const Giving<Prediction>>);

struct NetImpl : torch::nn::Cloneable<NetImpl> {
  NetImpl() { reset(); }
  void reset() override {
    conv = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 1)));
    norm = register_module("norm", torch::nn::BatchNorm2d(4));
  }
  Prediction forward(const at::Tensor& images) {
    const auto features = norm(conv(images));
    return {features, features.narrow(1, 0, 2)};
  }
  torch::nn::Conv2d conv{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
};
TORCH_MODULE(Net);

static_assert(TrainableBackbone<Net> && TrainableBackbone<std::shared_ptr<NetImpl>>);
static_assert(Backbone<NetImpl> && !TrainableBackbone<NetImpl>);   // not a handle
static_assert(!TrainableBackbone<Giving<Pair>>);                   // owns no module
static_assert(!TrainableBackbone<std::shared_ptr<Giving<Pair>>>);  // neither does this
static_assert(!TrainableBackbone<std::unique_ptr<NetImpl>>);       // cannot be copied
static_assert(StatisticsRule<norm::Reestimated, Net>);
static_assert(!StatisticsRule<norm::Reestimated, Giving<Pair>>);

/// A network of someone else's design, told to cag by specialising the traits.
struct Foreign {
  at::Tensor run(const at::Tensor& images) const { return images * 2; }
  std::shared_ptr<torch::nn::Module> owner = std::make_shared<NetImpl>();
};

}  // namespace

template <>
struct cag::BackboneTraits<Foreign> {
  static Prediction forward(Foreign& net, const at::Tensor& images) {
    return {net.run(images), images.narrow(1, 0, 2)};
  }
};

template <>
struct cag::TrainingTraits<Foreign> {
  static torch::nn::Module& module(Foreign& net) { return *net.owner; }
  static Foreign frozen_copy(const Foreign& net) { return net; }
};

static_assert(Backbone<Foreign> && TrainableBackbone<Foreign>);

TEMPLATE_TEST_CASE("predict gives features and logits whatever forward returns them in", "",
                   Prediction, Pair, Tuple) {
  const auto images = at::rand({2, 3, 4, 5});
  Giving<TestType> net;
  const auto result = predict(net, images);
  CHECK(same(result.features, images));
  CHECK(same(result.logits, images.narrow(1, 0, 2)));
  auto shared = std::make_shared<Giving<TestType>>();
  CHECK(same(predict(shared, images).features, images));
}

TEST_CASE("predict runs a holder, a shared pointer to a module and the module alike") {
  Net holder;
  holder->eval();
  const auto images = at::rand({1, 3, 2, 2});
  auto shared = holder.ptr();
  const auto expected = holder->forward(images).features;
  CHECK(same(predict(holder, images).features, expected));
  CHECK(same(predict(shared, images).features, expected));
  CHECK(same(predict(*shared, images).features, expected));
}

TEST_CASE("predict asks specialised traits for what is not a LibTorch module") {
  Foreign net;
  const auto images = at::rand({1, 3, 2, 2});
  CHECK(same(predict(net, images).features, images * 2));
}

TEST_CASE("predict refuses maps that do not fit each other") {
  struct Bad {
    Prediction result;
    Prediction forward(const at::Tensor&) { return result; }
  };
  const auto message = [](Prediction result) {
    Bad net{std::move(result)};
    return message_of([&] { predict(net, at::rand({1, 3, 2, 2})); });
  };
  const auto map = at::rand({1, 3, 2, 2});
  CHECK(message({map, map}).empty());
  CHECK_THAT(message({map, at::rand({1, 3, 4, 4})}),
             Contains("of one size") && Contains("[1, 3, 2, 2] and [1, 3, 4, 4]"));
  CHECK_THAT(message({map, at::rand({2, 3, 2, 2})}), Contains("[2, 3, 2, 2]"));
  CHECK_THAT(message({map, at::rand({1, 3, 4, 2})}), Contains("[1, 3, 4, 2]"));
  CHECK_THAT(message({map, at::rand({1, 3, 2, 4})}), Contains("[1, 3, 2, 4]"));
  CHECK_THAT(message({at::rand({3, 2}), map}), Contains("features [N, D, h, w]"));
  CHECK_THAT(message({map, {}}), Contains("logits [N, K, h, w]"));
}

TEST_CASE("TrainingTraits copies share nothing with the original") {
  Net net;
  auto copy = TrainingTraits<Net>::frozen_copy(net);
  CHECK(&TrainingTraits<Net>::module(net) != &TrainingTraits<Net>::module(copy));
  const auto before = copy->conv->weight.clone();
  {
    const at::NoGradGuard no_grad;
    net->conv->weight.add_(1);
    net->norm->running_mean.add_(1);
  }
  CHECK(same(copy->conv->weight, before));
  CHECK(copy->norm->running_mean.eq(0).all().item<bool>());
  CHECK_FALSE(copy->is_training());
  CHECK_FALSE(copy->conv->weight.requires_grad());
}
