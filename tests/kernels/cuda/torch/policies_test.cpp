#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cag/anchor/class_sums.hpp>
#include <cag/loss/pixel_distance.hpp>
#include <cag/metric/euclidean.hpp>
#include <cag/metric/labelling_metric.hpp>
#include <cag/profile/cag.hpp>
#include <cag/profile/fused_cuda.hpp>
#include <cag/profile/paper.hpp>
#include <cag/profile/published_code.hpp>

#include "catch.hpp"

using namespace cag;

static_assert(FusedMetric<metric::FusedCudaEuclidean> &&
              LabellingMetric<metric::FusedCudaEuclidean>);
static_assert(SumsRule<sums::FusedCuda> && MaskedSumsRule<sums::FusedCuda, mask::FusedAgreeing>);
static_assert(LabelRule<label::FusedCudaProbability>);
static_assert(AnchorLoss<loss::FusedCudaPixelDistance<>>);
static_assert(Profile<profile::FusedCuda<profile::Cag>>);
static_assert(std::same_as<profile::FusedCuda<profile::Cag>::Sums, sums::FusedCuda>);
static_assert(std::same_as<profile::FusedCuda<profile::Cag>::Mask, mask::FusedAgreeing>);
static_assert(
    std::same_as<decltype(profile::FusedCuda<profile::Cag>::Loss::anchor.sums), sums::FusedCuda>);
static_assert(std::same_as<decltype(profile::FusedCuda<profile::Paper>::Loss::anchor),
                           loss::FusedCudaPixelDistance<>>);
static_assert(
    std::same_as<profile::FusedCuda<profile::Paper>::Labeler,
                 PseudoLabeler<metric::FusedCudaEuclidean, label::StrictMargin, candidate::Seen>>);

namespace {

constexpr std::int64_t kCategories = 5;
const at::Device kGpu(at::kCUDA, 0);

/// Maps of every type and layout, and one whose pixels are not evenly spaced.
std::vector<at::Tensor> maps(std::int64_t images, std::int64_t channels, std::int64_t height,
                             std::int64_t width) {
  std::vector<at::Tensor> all;
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const auto big = at::randn({images, channels, height + 2, width + 3}).to(kGpu, type);
    const auto map = big.narrow(2, 1, height).narrow(3, 2, width);
    all.push_back(map);
    all.push_back(map.contiguous());
    all.push_back(map.contiguous(at::MemoryFormat::ChannelsLast));
  }
  return all;
}

at::Tensor exact(const at::Tensor& tensor) { return tensor.to(at::kCPU, at::kDouble); }

at::Tensor some_labels(std::int64_t n, std::int64_t h, std::int64_t w) {
  auto labels = at::randint(0, kCategories + 1, {n, h, w}, at::kLong);
  return labels.masked_fill(labels.eq(kCategories), kIgnoreIndex);
}

bool near(const at::Tensor& got, const at::Tensor& expected, double tolerance) {
  return at::allclose(exact(got), exact(expected), tolerance, tolerance);
}

/// FusedCudaEuclidean, but for labels by a margin.
struct OfTwo : metric::FusedCudaEuclidean {
 private:
  using FusedCudaEuclidean::margin_labels;
};
static_assert(FusedMetric<OfTwo> && !LabellingMetric<OfTwo>);

double unit(at::ScalarType type) {
  return type == at::kFloat ? 1e-5 : type == at::kHalf ? 1e-3 : 8e-3;
}

template <typename Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "nothing was thrown";
}

/// Value and gradient by the features, in the type and on the device of `features`.
template <typename L>
std::pair<double, at::Tensor> evaluate(const L& loss, const at::Tensor& features,
                                       const at::Tensor& labels, const Anchors& anchors) {
  const auto leaf = features.detach().requires_grad_(true);
  const auto value = loss(Prediction{leaf, {}}, labels, anchors);
  (value * 3).backward();
  return {value.template item<double>(), leaf.grad()};
}

}  // namespace

TEST_CASE("FusedCudaEuclidean finds the nearest two of float64", "[cuda]") {
  at::manual_seed(1);
  const auto [images, channels, height, width, rows] =
      GENERATE(std::tuple{2, 40, 17, 23, 5}, std::tuple{1, 256, 32, 64, 19},
               std::tuple{1, 1, 1, 1, 2}, std::tuple{3, 7, 1, 9, 300});
  CAPTURE(images, channels, height, width, rows);
  const Anchors anchors{at::randn({rows, channels}, at::kDouble), at::ones({rows}, at::kLong)};
  auto competing = at::ones({rows}, at::kBool);
  if (rows > 2) competing[1].fill_(false);
  for (const auto& map : maps(images, channels, height, width)) {
    CAPTURE(map.scalar_type(), map.strides());
    const auto got = metric::FusedCudaEuclidean{}.nearest_two(map, anchors, competing);
    const auto rounded = Anchors{anchors.vectors.to(at::kFloat).to(at::kDouble), anchors.counts};
    const auto distances = cag::detail::category_distances(
                               metric::Euclidean{}, cag::detail::to_pixels(exact(map)), rounded)
                               .masked_fill(competing.logical_not(), HUGE_VAL);
    const auto expected = NearestTwo::of(distances);
    CHECK(got.category.device() == kGpu);
    CHECK(near(got.nearest, expected.nearest, 1e-4));
    CHECK(near(got.second, expected.second, 1e-4));
    const auto sure = (expected.second - expected.nearest).gt(1e-3);
    CHECK(got.category.cpu().masked_select(sure).equal(expected.category.masked_select(sure)));
  }
}

TEMPLATE_TEST_CASE("FusedCudaEuclidean has the labels of its nearest two by a margin", "[cuda]",
                   label::Margin, label::StrictMargin) {
  at::manual_seed(7);
  const auto [images, channels, height, width, rows] = GENERATE(
      std::tuple{2, 40, 17, 23, 5}, std::tuple{1, 1, 1, 1, 2}, std::tuple{3, 7, 1, 9, 300});
  CAPTURE(images, channels, height, width, rows);
  // Whole numbers: many a gap is exactly the margin.
  const Anchors anchors{at::randint(-3, 4, {rows, channels}).to(at::kDouble),
                        at::ones({rows}, at::kLong)};
  auto competing = at::ones({rows}, at::kBool);
  if (rows > 2) competing[1].fill_(false);
  const TestType rule{.margin = 1};
  for (const auto& map : maps(images, channels, height, width)) {
    CAPTURE(map.scalar_type(), map.strides());
    const auto features = map.mul(2).round();
    const auto got = metric::FusedCudaEuclidean{}.margin_labels(
        features, anchors, competing, rule.margin, std::same_as<TestType, label::StrictMargin>);
    REQUIRE(got);
    CHECK(got->device() == kGpu);
    Evidence evidence;
    evidence.find_nearest_two = [&] {
      return metric::FusedCudaEuclidean{}.nearest_two(features, anchors, competing);
    };
    CHECK(got->equal(rule(evidence)));
  }
}

TEST_CASE("a labeler on the GPU has the same labels with and without distances", "[cuda]") {
  at::manual_seed(8);
  const Anchors anchors{at::randn({kCategories, 24}, at::kDouble),
                        at::ones({kCategories}, at::kLong)};
  const label::Margin rule{.margin = 0.5};
  const auto features = at::randn({2, 24, 9, 13}).to(kGpu);
  // Of float64 features it knows no faster way.
  for (const auto& own : {features, features.to(at::kDouble)}) {
    const auto labels = PseudoLabeler<metric::FusedCudaEuclidean>({}, rule)(own, anchors);
    CHECK(labels.device() == kGpu);
    CHECK(labels.equal(PseudoLabeler<OfTwo>({}, rule)(own, anchors)));
    CHECK(labels.eq(kIgnoreIndex).any().item<bool>());
    CHECK(labels.ne(kIgnoreIndex).any().item<bool>());
  }
  CHECK_FALSE(metric::FusedCudaEuclidean{}.margin_labels(features.to(at::kDouble), anchors,
                                                         anchors.seen(), 1, false));
}

TEST_CASE("FusedCuda sums are those of float64, and so is their gradient", "[cuda]") {
  at::manual_seed(2);
  const auto [images, channels, height, width] =
      GENERATE(std::tuple{2, 40, 17, 23}, std::tuple{1, 256, 32, 64}, std::tuple{1, 1, 1, 1});
  const auto labels = some_labels(images, height, width);
  const auto weights = at::rand({images, kCategories, channels}, at::kDouble);
  for (const auto& map : maps(images, channels, height, width)) {
    CAPTURE(map.scalar_type(), map.strides());
    const auto run = [&](const auto& rule, const at::Tensor& features, const at::Tensor& own) {
      const auto leaf = features.detach().requires_grad_(true);
      const ClassSums found = rule(leaf, own, kCategories);
      (found.sums * weights.to(found.sums)).sum().backward();
      return std::tuple{found.sums.detach(), found.pixels, leaf.grad()};
    };
    const auto [sums, pixels, gradient] = run(sums::FusedCuda{}, map, labels.to(kGpu));
    const auto [expected, counted, slope] =
        run([](auto&&... arguments) { return ClassSums::of(arguments...); }, exact(map), labels);
    CHECK(near(sums, expected, 1e-4));
    CHECK(pixels.cpu().equal(counted));
    CHECK(gradient.scalar_type() == map.scalar_type());
    CHECK(near(gradient, slope, unit(map.scalar_type())));
    // Of the pixels whose prediction agrees.
    const auto logits = at::randn({images, kCategories, height, width}).to(kGpu);
    const auto agreeing =
        sums::FusedCuda{}(map, labels.to(kGpu), mask::FusedAgreeing{}, logits, kCategories);
    const auto left = mask::Agreeing{}(labels, logits.cpu());
    CHECK(agreeing.pixels.cpu().equal(ClassSums::of(exact(map), left, kCategories).pixels));
    CHECK(near(agreeing.sums, ClassSums::of(exact(map), left, kCategories).sums, 1e-4));
  }
}

TEST_CASE("FusedCudaProbability has the labels of float64", "[cuda]") {
  at::manual_seed(3);
  for (const auto& map : maps(2, 19, 17, 23)) {
    CAPTURE(map.scalar_type(), map.strides());
    const auto logits = map * 4;
    const label::FusedCudaProbability rule{.threshold = 0.8};
    const auto got = rule({.distances = {}, .logits = {}, .logit_map = logits});
    const auto [largest, category] = cag::detail::to_pixels(exact(logits)).softmax(1).max(1);
    const auto expected = category.masked_fill(largest.le(0.8), kIgnoreIndex);
    const auto sure = (largest - 0.8).abs().gt(1e-5);
    CHECK(got.cpu().masked_select(sure).equal(expected.masked_select(sure)));
  }
}

TEST_CASE("FusedCudaPixelDistance has value and gradient of float64", "[cuda]") {
  at::manual_seed(4);
  const auto labels = some_labels(2, 17, 23);
  const Anchors anchors{at::randn({kCategories, 40}).to(at::kDouble),
                        at::ones({kCategories}, at::kLong)};
  for (const auto& map : maps(2, 40, 17, 23)) {
    CAPTURE(map.scalar_type(), map.strides());
    const auto [value, gradient] =
        evaluate(loss::FusedCudaPixelDistance<>{}, map, labels.to(kGpu), anchors);
    const auto [expected, slope] = evaluate(loss::PixelDistance<>{}, exact(map), labels, anchors);
    CHECK(value == Approx(expected).epsilon(1e-5));
    CHECK(gradient.scalar_type() == map.scalar_type());
    CHECK(at::allclose(exact(gradient), slope, unit(map.scalar_type()),
                       map.scalar_type() == at::kFloat ? 1e-7 : 1e-4));
    CHECK(slope.abs().max().item<double>() > 0);
  }
}

TEMPLATE_TEST_CASE("a profile on the GPU has the losses and gradients that it has on the CPU",
                   "[cuda]", profile::Cag, profile::Paper) {
  at::manual_seed(5);
  const Anchors anchors{at::randn({kCategories, 12}, at::kDouble) * 2,
                        at::randint(1, 9, {kCategories}, at::kLong)};
  const auto truth = at::randint(0, kCategories, {2, 16, 20}, at::kLong);
  const auto pixels = anchors.vectors.index_select(0, truth.flatten()) +
                      at::randn({2 * 16 * 20, 12}, at::kDouble) * 0.5;
  const Prediction teacher{pixels.view({2, 16, 20, 12}).permute({0, 3, 1, 2}).to(at::kFloat),
                           at::one_hot(truth, kCategories).permute({0, 3, 1, 2}) * 9 +
                               at::rand({2, kCategories, 16, 20})};
  const auto features = at::randn({2, 12, 16, 20});
  const auto logits = at::randn({2, kCategories, 16, 20});
  const auto run = [&]<Profile P>(at::Device device) {
    typename P::Loss loss;
    const auto of = [&] {
      return Prediction{features.to(device, at::kFloat, false, true).requires_grad_(true),
                        logits.to(device, at::kFloat, false, true).requires_grad_(true)};
    };
    const auto source = of(), target = of();
    const auto labels =
        loss.labeler(Prediction{teacher.features.to(device), teacher.logits.to(device)}, anchors);
    const auto terms = loss.terms(source, truth.to(device), target, labels, anchors);
    terms.total().backward();
    return std::tuple{primary_map(labels).cpu(), terms.total().template item<double>(),
                      source.features.grad().cpu(), target.features.grad().cpu()};
  };
  const auto [labels, total, source, target] = run.template operator()<TestType>(at::kCPU);
  const auto [labels2, total2, source2, target2] =
      run.template operator()<profile::FusedCuda<TestType>>(kGpu);
  CHECK(labels2.equal(labels));
  CHECK(total2 == Approx(total).epsilon(1e-4));
  CHECK(at::allclose(source2, source, 1e-3, 1e-7));
  CHECK(at::allclose(target2, target, 1e-3, 1e-7));
  CHECK(target.abs().max().template item<double>() > 0);
}

TEST_CASE("the operators run in the current stream, after what made their features", "[cuda]") {
  at::manual_seed(6);
  const c10::impl::VirtualGuardImpl gpu(at::kCUDA);
  const auto side = gpu.getStreamFromGlobalPool(kGpu);
  REQUIRE(side != gpu.getStream(kGpu));
  const auto map = at::randn({1, 64, 64, 64}).to(kGpu);
  const auto labels = some_labels(1, 64, 64).to(kGpu);
  const Anchors anchors{at::randn({kCategories, 64}, at::kDouble),
                        at::ones({kCategories}, at::kLong)};
  const auto competing = at::ones({kCategories}, at::kBool);
  const auto expected = metric::FusedCudaEuclidean{}.nearest_two(map, anchors, competing);
  const auto sums = sums::FusedCuda{}(map, labels, kCategories);
  const auto matrix = at::randn({4096, 4096}).to(kGpu);
  auto late = at::zeros_like(map);
  gpu.synchronizeDevice(0);
  NearestTwo got;
  ClassSums summed;
  {
    const c10::StreamGuard guard(side);
    // Long enough that another stream would read zeros.
    auto power = matrix;
    for (int i = 0; i < 40; ++i) power = at::mm(power, matrix) * 1e-3;
    late.copy_(map);
    got = metric::FusedCudaEuclidean{}.nearest_two(late, anchors, competing);
    late.zero_();
    for (int i = 0; i < 10; ++i) power = at::mm(power, matrix) * 1e-3;
    late.copy_(map);
    summed = sums::FusedCuda{}(late, labels, kCategories);
  }
  gpu.synchronizeDevice(0);
  CHECK(got.category.equal(expected.category));
  CHECK(got.nearest.equal(expected.nearest));
  CHECK(summed.sums.equal(sums.sums));
}

TEST_CASE("the device that is current stays so", "[cuda]") {
  const c10::impl::VirtualGuardImpl gpu(at::kCUDA);
  const auto last = static_cast<at::DeviceIndex>(gpu.deviceCount() - 1);
  if (last == 0) WARN("one GPU alone: that of the tensors is the current one");
  const auto map = at::randn({1, 8, 9, 9}).to(at::Device(at::kCUDA, last));
  const Anchors anchors{at::randn({kCategories, 8}, at::kDouble),
                        at::ones({kCategories}, at::kLong)};
  const auto found =
      metric::FusedCudaEuclidean{}.nearest_two(map, anchors, at::ones({kCategories}, at::kBool));
  CHECK(found.category.device().index() == last);
  CHECK(gpu.getDevice().index() == 0);
}

TEST_CASE("the policies for CUDA say what does not fit, and take what lies on the CPU", "[cuda]") {
  using Catch::Contains;
  const auto map = at::randn({1, 8, 9, 9}).to(kGpu);
  const auto labels = some_labels(1, 9, 9);
  CHECK_THAT(message_of([&] { sums::FusedCuda{}(map, labels, kCategories); }),
             Contains("expected labels on cuda:0") && Contains("cpu"));
  const auto wrong = labels.to(kGpu).fill_(kCategories);
  CHECK_THAT(message_of([&] { sums::FusedCuda{}(map, wrong, kCategories); }),
             Contains("expected labels below 5") && Contains("got 5"));
  const Anchors anchors{at::randn({kCategories, 8}, at::kDouble),
                        at::ones({kCategories}, at::kLong)};
  const auto none_competes = at::zeros({kCategories}, at::kBool);
  for (const auto& features : {map, map.cpu()}) {
    CHECK_THAT(message_of([&] {
                 metric::FusedCudaEuclidean{}.nearest_two(features, anchors, none_competes);
               }),
               Contains("expected a category that competes, got none"));
    CHECK_THAT(message_of([&] {
                 metric::FusedCudaEuclidean{}.margin_labels(features, anchors, none_competes, 1,
                                                            false);
               }),
               Contains("expected a category that competes, got none"));
  }
  const cag::detail::CudaScope scope(map);
  CHECK_THAT(message_of([&] { scope.check("out of luck", "assign"); }),
             Contains("assign on cuda:0: out of luck"));
  CHECK(sums::FusedCuda{}(map.cpu(), labels, kCategories).sums.is_cpu());
  const auto none =
      sums::FusedCuda{}(map.narrow(0, 0, 0), labels.to(kGpu).narrow(0, 0, 0), kCategories);
  CHECK(none.sums.sizes() == at::IntArrayRef{0, kCategories, 8});
}
