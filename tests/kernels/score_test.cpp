#include <cag/score.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <tuple>

#include <catch2/catch.hpp>

#include "allocations.hpp"
#include "anchor_bytes.hpp"
#include "maps.hpp"
#include "scorers.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;
using Catch::Contains;

namespace {

template <typename Label>
struct Maps {
  std::vector<Label> label, category;
  std::vector<float> margin, distance;
  std::vector<std::uint8_t> abstain;

  explicit Maps(std::size_t pixels)
      : label(pixels, 77),
        category(pixels, 77),
        margin(pixels, 77),
        distance(pixels, 77),
        abstain(pixels, 77) {}
  cag_scorer_maps view() {
    auto maps = cag_scorer_no_maps();
    maps.pixels = std::ssize(label);
    maps.label = label.data();
    maps.category = category.data();
    maps.margin = margin.data();
    maps.distance = distance.data();
    maps.abstain = abstain.data();
    return maps;
  }
  friend bool operator==(const Maps&, const Maps&) = default;
};

template <typename Label = std::uint8_t>
Maps<Label> run(const cag_scorer* scorer, const cag_scorer_frame& frame) {
  Maps<Label> maps(frame.height * frame.width);
  const auto view = maps.view();
  cag_scorer_error error{};
  const auto status = cag_scorer_run(scorer, &frame, &view, &error);
  INFO(error.text);
  REQUIRE(status == CAG_SCORER_OK);
  return maps;
}

// Distances to road, sky, car: 0 4 10 | 3 1 √109 | 7 1 √37 | √85 √37 1 | √73 3 3 | NaN.
const std::vector<float> kPixels{0, 3, 0, 0, 0, 1, 0, 0, 0, 6, 3, kNan, 0, 0, 7, 7, 8, 0};
const float kGap = std::sqrt(37.0F) - 1;

void check_example(const cag_scorer* scorer) {
  const auto maps = run(scorer, cag_scorer_frame_chw(kPixels.data(), CAG_SCORER_FLOAT32, 3, 2, 3));
  CHECK(maps.label == std::vector<std::uint8_t>{0, 250, 1, 3, 250, 250});
  CHECK(maps.category == std::vector<std::uint8_t>{0, 1, 1, 3, 1, 0});
  CHECK(maps.abstain == std::vector<std::uint8_t>{0, 1, 0, 0, 1, 1});
  CHECK(std::vector(maps.margin.begin(), maps.margin.end() - 1) ==
        std::vector<float>{4, 2, kGap, kGap, 0});
  CHECK(std::isnan(maps.margin[5]));
  CHECK(std::vector(maps.distance.begin(), maps.distance.end() - 1) ==
        std::vector<float>{0, 1, 1, 1, 3});
}

}  // namespace

TEST_CASE("a scorer reads what cag::AnchorFile wrote, and scores by it") {
  cag_scorer* opened_file = nullptr;
  cag_scorer_error error{};
  const auto status = cag_scorer_open(kFixture.c_str(), nullptr, &opened_file, &error);
  INFO(error.text);
  REQUIRE(status == CAG_SCORER_OK);
  const Scorer scorer(opened_file);
  check_example(scorer.get());

  cag_scorer_info info{};
  info.size = sizeof info;
  REQUIRE(cag_scorer_describe(scorer.get(), &info, nullptr) == CAG_SCORER_OK);
  CHECK(std::tuple(info.categories, info.competing, info.anchors, info.width, info.format) ==
        std::tuple(4, 3, 4, 3, 1));
  CHECK(std::string(info.producer) == "cag 0.1.0");
  CHECK(std::string(info.backbone) == "0123456789abcdef");
  CHECK(std::string(info.tap) == "head.2");
  CHECK(cag_scorer_abi() == CAG_SCORER_ABI);

  cag_scorer_category category{};
  category.size = sizeof category;
  REQUIRE(cag_scorer_describe_category(scorer.get(), 1, &category, nullptr) == CAG_SCORER_OK);
  CHECK(std::tuple(std::string(category.name), category.anchors, category.margin) ==
        std::tuple("sky", 2, 2.5F));
  REQUIRE(cag_scorer_describe_category(scorer.get(), 2, &category, nullptr) == CAG_SCORER_OK);
  CHECK(std::tuple(std::string(category.name), category.anchors, category.margin) ==
        std::tuple("a \"quoted\" näme", 0, kInfinity));
}

TEST_CASE("a scorer of bytes, of a file and of arrays is the same") {
  check_example(opened(example().bytes()).get());
  check_example(opened(read(kFixture)).get());

  const std::vector<float> vectors{0, 0, 0, 4, 0, 0, 0, 0, 8, 0, 0, 0, 0, 6, 8};
  const std::vector<std::int64_t> counts{5, 3, 2, 0, 7}, owner{0, 1, 1, 2, 3};
  const std::vector<float> margins{1, 2.5, kInfinity, 0.5};
  const std::vector<const char*> names{"road", "sky", "fence", "car"};
  auto anchors = cag_scorer_no_anchors();
  anchors.anchors = 5;
  anchors.width = 3;
  anchors.vectors = vectors.data();
  anchors.counts = counts.data();
  anchors.owner = owner.data();
  anchors.margins = margins.data();
  anchors.names = names.data();
  cag_scorer* made = nullptr;
  REQUIRE(cag_scorer_open_anchors(&anchors, nullptr, &made, nullptr) == CAG_SCORER_OK);
  check_example(Scorer(made).get());
}

TEST_CASE("a scorer's margin is the fitted or the fixed one, strict or not") {
  const auto bytes = example().bytes();
  const auto frame = cag_scorer_frame_chw(kPixels.data(), CAG_SCORER_FLOAT32, 3, 2, 3);
  auto options = cag_scorer_default_options();
  options.margin_kind = CAG_SCORER_FIXED;
  options.margin = 2;
  CHECK(run(opened(bytes, &options).get(), frame).label ==
        std::vector<std::uint8_t>{0, 1, 1, 3, 250, 250});
  options.strict = 1;
  CHECK(run(opened(bytes, &options).get(), frame).label ==
        std::vector<std::uint8_t>{0, 250, 1, 3, 250, 250});
  options.margin = kInfinity;
  CHECK(run(opened(bytes, &options).get(), frame).abstain == std::vector<std::uint8_t>(6, 1));
  options.margin_kind = CAG_SCORER_FITTED;
  options.label_type = CAG_SCORER_INT64;
  options.ignore = -1;
  const auto maps = run<std::int64_t>(opened(bytes, &options).get(), frame);
  CHECK(maps.label == std::vector<std::int64_t>{0, -1, 1, 3, -1, -1});
  CHECK(maps.category == std::vector<std::int64_t>{0, 1, 1, 3, 1, 0});

  auto without = example();
  without.tensors.erase("margins");
  const auto answer = open_bytes(without.bytes(), &options);
  CHECK(answer.status == CAG_SCORER_BAD_ANCHORS);
  CHECK_THAT(answer.text, Contains("fitted margins"));
}

TEST_CASE("a scorer of one seen category has no margin, and abstains everywhere") {
  auto file = example();
  file.integers("counts", {0, 3, 2, 0, 0});
  const auto scorer = opened(file.bytes());
  const auto maps =
      run(scorer.get(), cag_scorer_frame_chw(kPixels.data(), CAG_SCORER_FLOAT32, 3, 1, 2));
  CHECK(maps.category == std::vector<std::uint8_t>{1, 1});
  CHECK(maps.label == std::vector<std::uint8_t>{250, 250});
  CHECK(maps.margin == std::vector<float>{kInfinity, kInfinity});
  CHECK(maps.abstain == std::vector<std::uint8_t>{1, 1});
}

TEST_CASE("a scorer agrees with float64 in every layout, also with rows apart") {
  const auto [channels, height, width, anchors] =
      GENERATE(std::tuple{64, 45, 60, 11}, std::tuple{5, 3, 7, 2}, std::tuple{130, 2, 33, 25});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  const auto gap = GENERATE(0, 5);
  CAPTURE(channels, height, width, anchors, layout, element, gap);
  // What lies between two rows is not a number.
  auto padded = random_map(1, channels, std::int64_t{height} * (width + gap));
  for (std::int64_t d = 0; d < channels; ++d)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = width; x < width + gap; ++x)
        padded.values[(d * height + y) * (width + gap) + x] = 1e30F;
  const Stored stored(padded, layout, element);
  auto frame = (layout == Layout::kContiguous ? cag_scorer_frame_chw : cag_scorer_frame_hwc)(
      stored.view().data, static_cast<std::int32_t>(element), channels, height, width + gap);
  frame.width = width;

  const auto file = random_file(anchors, channels);
  const auto scorer = opened(file.bytes());
  const auto maps = run(scorer.get(), frame);
  const auto exact = rounded(padded, element);
  const auto* vectors = reinterpret_cast<const double*>(file.tensors.at("vectors").bytes.data());
  std::int64_t wrong = 0;
  for (std::int64_t p = 0; p < height * width; ++p) {
    std::vector<std::pair<double, int>> distance;
    for (int k = 0; k < anchors; ++k) {
      double sum = 0;
      for (std::int64_t d = 0; d < channels; ++d) {
        const double away = exact.at(0, d, p / width * (width + gap) + p % width) -
                            static_cast<float>(vectors[k * channels + d]);
        sum += away * away;
      }
      distance.emplace_back(std::sqrt(sum), k);
    }
    std::sort(distance.begin(), distance.end());
    const double apart = distance[1].first - distance[0].first;
    const bool active = apart >= 2.5;
    wrong += apart > 1e-4 && maps.category[p] != distance[0].second;
    wrong += std::abs(maps.margin[p] - apart) > 1e-4;
    wrong += std::abs(maps.distance[p] - distance[0].first) > 1e-5 * distance[0].first;
    if (std::abs(apart - 2.5) > 1e-4)
      wrong += maps.abstain[p] != !active || maps.label[p] != (active ? distance[0].second : 250);
  }
  CHECK(wrong == 0);
}

TEST_CASE("a scorer is shared by threads, and uses those that it is given") {
  const auto map = random_map(1, 16, 3000);
  const auto frame = cag_scorer_frame_chw(map.values.data(), CAG_SCORER_FLOAT32, 16, 50, 60);
  const auto bytes = random_file(7, 16).bytes();
  const auto scorer = opened(bytes);
  const auto expected = run(scorer.get(), frame);

  std::vector<Maps<std::uint8_t>> results(4, Maps<std::uint8_t>(3000));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      const auto view = result.view();
      for (int i = 0; i < 20; ++i) cag_scorer_run(scorer.get(), &frame, &view, nullptr);
    });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == expected);

  auto options = cag_scorer_default_options();
  std::int64_t calls = 0;
  options.pool = &calls;
  options.parallel_for = [](void* pool, std::int64_t tasks, cag_scorer_task task, void* argument) {
    ++*static_cast<std::int64_t*>(pool);
    std::thread odd([&] {
      for (std::int64_t i = 1; i < tasks; i += 2) task(argument, i);
    });
    for (std::int64_t i = 0; i < tasks; i += 2) task(argument, i);
    odd.join();
  };
  CHECK(run(opened(bytes, &options).get(), frame) == expected);
  CHECK(calls == 1);
}

TEST_CASE("a scorer does not allocate when it runs, nor when it refuses to") {
  const auto map = random_map(1, 64, 45 * 60);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const Stored stored(map, layout, element);
  const auto file = random_file(GENERATE(2, 11, 300), 64);
  auto options = cag_scorer_default_options();
  options.label_type = CAG_SCORER_INT64;
  options.ignore = -1;
  const auto scorer = opened(file.bytes(), &options);
  const auto frame = (layout == Layout::kContiguous ? cag_scorer_frame_chw : cag_scorer_frame_hwc)(
      stored.view().data, static_cast<std::int32_t>(element), 64, 45, 60);
  auto bad = frame;
  bad.channels = 63;
  Maps<std::int64_t> maps(45 * 60);
  const auto view = maps.view();
  cag_scorer_error error;
  const auto before = allocations();
  const auto status = cag_scorer_run(scorer.get(), &frame, &view, &error);
  const auto refused = cag_scorer_run(scorer.get(), &bad, &view, &error);
  const auto after = allocations();
  CHECK(after == before);
  CHECK(status == CAG_SCORER_OK);
  CHECK(refused == CAG_SCORER_BAD_ARGUMENT);
  int* volatile one = new int;
  delete one;
  CHECK(allocations() > after);
}

TEST_CASE("a scorer writes the maps that are asked for, and nothing for an empty frame") {
  const auto scorer = opened(example().bytes());
  auto frame = cag_scorer_frame_chw(kPixels.data(), CAG_SCORER_FLOAT32, 3, 2, 3);
  auto maps = cag_scorer_no_maps();
  maps.pixels = 6;
  CHECK(cag_scorer_run(scorer.get(), &frame, &maps, nullptr) == CAG_SCORER_OK);
  std::vector<std::uint8_t> abstain(7, 9);
  maps.abstain = abstain.data();
  CHECK(cag_scorer_run(scorer.get(), &frame, &maps, nullptr) == CAG_SCORER_OK);
  CHECK(abstain == std::vector<std::uint8_t>{0, 1, 0, 0, 1, 1, 9});
  frame.height = 0;
  frame.data = nullptr;
  frame.elements = 0;
  CHECK(cag_scorer_run(scorer.get(), &frame, &maps, nullptr) == CAG_SCORER_OK);
}
