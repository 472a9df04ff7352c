#include <cag/label/fused_probability.hpp>

#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include <cag/label/agreement.hpp>
#include <cag/label/margin.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/separately.hpp>

#include "catch.hpp"
#include "tensors.hpp"
#include "torch_threads.hpp"

using namespace cag;
using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

template <typename R>
constexpr bool reads_map = cag::detail::logit_map_suffices<R>;
using Plain = label::Probability;
using Compiled = label::FusedProbability;
static_assert(LabelRule<Compiled> && reads_map<Compiled> && !reads_map<Plain>);
static_assert(reads_map<label::Margin> && reads_map<label::Agreement<label::Margin, Compiled>>);
static_assert(!reads_map<label::Separately<Plain, Compiled>>);

template <typename R>
at::Tensor labels_of(const R& rule, const at::Tensor& logits) {
  const Anchors anchors{at::randn({logits.size(1), 3}, at::kDouble),
                        at::ones({logits.size(1)}, at::kLong)};
  return PseudoLabeler<metric::Euclidean, R>({}, rule)(Prediction{{}, logits}, anchors);
}

void check_same(const at::Tensor& logits, double threshold) {
  CHECK(same(labels_of(Compiled{threshold}, logits), labels_of(Plain{threshold}, logits)));
}

}  // namespace

TEST_CASE("FusedProbability gives the labels of Probability, of any layout and type") {
  at::manual_seed(1);
  const auto big = at::randn({3, 20, 18, 22}) * 6;
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble}) {
    CAPTURE(type);
    const auto map = big.to(type);
    const auto logits = map.narrow(1, 3, 11);
    for (const double threshold : {0.0, 0.5, 0.95, 1.0}) {
      CAPTURE(threshold);
      check_same(logits.contiguous(), threshold);
      check_same(logits.contiguous(at::MemoryFormat::ChannelsLast), threshold);
      check_same(logits, threshold);
      check_same(logits.slice(3, 0, 22, 2), threshold);
      check_same(logits.transpose(2, 3), threshold);
      check_same(logits.narrow(0, 0, 0), threshold);
    }
  }
  CHECK(labels_of(Compiled{}, big).ne(kIgnoreIndex).any().item<bool>());
  CHECK(labels_of(Compiled{}, big).eq(kIgnoreIndex).any().item<bool>());
  check_same(at::randn({1, 1030, 2, 3}) * 9, 0.9);  // more categories than the operator takes
}

TEST_CASE("FusedProbability finds the same with any number of threads") {
  at::manual_seed(2);
  const auto logits = at::randn({2, 19, 70, 60}) * 4;
  const auto labels = [&](int count) {
    const TorchThreads threads(count);
    return Compiled{.threshold = 0.5}({.distances = {}, .logit_map = logits});
  };
  CHECK(same(labels(2), labels(1)));
}

TEST_CASE("FusedProbability reads pixels where there is no map") {
  at::manual_seed(3);
  const auto logits = at::randn({300, 7}) * 4;
  for (const auto& view : {logits, logits.to(at::kHalf), logits.to(at::kDouble),
                           logits.slice(0, 0, 300, 3), logits.t().contiguous().t()})
    CHECK(same(Compiled{}({{}, view}), Plain{}({{}, view})));
}

TEST_CASE("FusedProbability says what shape logits have to have") {
  for (const auto& map : {at::rand({5, 4, 3}), at::rand({1, 5, 4, 3, 2}), at::rand({7})})
    CHECK_THAT(message_of([&] { Compiled{}({.distances = {}, .logit_map = map}); }),
               Contains("[N, K, h, w]") && Contains((std::ostringstream() << map.sizes()).str()));
  CHECK_THAT(message_of([&] { Compiled{}({{}, at::rand({5, 4, 3})}); }), Contains("[5, 4, 3]"));
}
