#include <cag/kernels/assign.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

#include <catch2/catch.hpp>

#include "oracle.hpp"
#include "targets.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

Result run(const FeatureMap& map, const AnchorTable& table, const MarginTest& test,
           const Parallel& parallel = {}) {
  const auto size = static_cast<std::size_t>(map.images * map.pixels);
  Result result{std::vector<std::int64_t>(size, -1), std::vector<float>(size),
                std::vector<float>(size)};
  assign(map, table, test,
         {.label = result.label.data(),
          .nearest = result.nearest.data(),
          .second = result.second.data()},
         parallel);
  return result;
}

}  // namespace

TEST_CASE("assign labels a pixel by its nearest anchor where the second is farther by the margin") {
  // Distances to (0, 0), (3, 4), (10, 0): 0 5 10 | 5 0 √65 | 2.5 2.5 √62.25 | √5 √8 √85.
  const Map map{1, 2, 4, {0, 3, 1.5, 1, 0, 4, 2, 2}};
  const Anchors anchors{{0, 0, 3, 4, 10, 0}, {0, 1, 2}, 2};
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    const auto result = run(stored.view(), anchors.table(), {.margin = 5});
    CHECK(result.label == std::vector<std::int64_t>{0, 1, 250, 250});
    CHECK(result.nearest[0] == 0);
    CHECK(result.second[0] == 5);
    CHECK(result.nearest[2] == 2.5F);
    CHECK(result.nearest[3] == std::sqrt(5.0F));
    CHECK(run(stored.view(), anchors.table(), {.margin = 5, .strict = true}).label ==
          std::vector<std::int64_t>{250, 250, 250, 250});
    const std::vector<float> margins{5.5F, 4, 1};
    CHECK(run(stored.view(), anchors.table(), {.margins = margins.data()}).label ==
          std::vector<std::int64_t>{250, 1, 250, 250});
  }
}

TEST_CASE("assign measures the margin to the nearest anchor of another category") {
  const Map map{1, 1, 3, {0.4F, 4.5F, 9}};
  const Anchors anchors{{0, 1, 10}, {0, 0, 3}, 1};
  const Stored stored(map, Layout::kContiguous);
  const auto result = run(stored.view(), anchors.table(), {.margin = 2.5});
  CHECK(result.label == std::vector<std::int64_t>{0, 250, 3});
  CHECK(result.second[0] == 9.6F);
  // Two anchors of one category alone have no margin.
  const Anchors one{{0, 1}, {2, 2}, 1};
  const auto alone = run(stored.view(), one.table(), {.margin = 0});
  CHECK(alone.label == std::vector<std::int64_t>{250, 250, 250});
  CHECK(alone.second[0] == kInfinity);
}

TEST_CASE("assign agrees with float64 at every size, layout, element and offset") {
  const auto [images, channels, pixels, count] =
      GENERATE(std::tuple{1, 256, 1000, 19}, std::tuple{2, 64, 45, 11}, std::tuple{1, 1, 1, 1},
               std::tuple{3, 5, 7, 2}, std::tuple{1, 130, 33, 24}, std::tuple{1, 16, 64, 25},
               std::tuple{2, 3, 600, 256}, std::tuple{1, 7, 20, 1024}, std::tuple{1, 2048, 17, 50});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  const auto offset = GENERATE(0.0F, 10.0F, 100.0F);
  CAPTURE(images, channels, pixels, count, layout, element, offset);
  const auto map = random_map(images, channels, pixels, 3, offset);
  const auto anchors = random_anchors(count, channels, offset);
  const MarginTest test{.margin = 0.5F};
  const Stored stored(map, layout, element);
  check_equal(run(stored.view(), anchors.table(), test),
              oracle(rounded(map, element), anchors, test, 1e-4), 1e-5);
}

TEST_CASE("assign gives the labels that its distances give, whether or not they are asked for") {
  // Near ties, and anchors that are far from each other beside what tells two of them apart.
  auto anchors = random_anchors(21, 40);
  for (std::int64_t d = 0; d < 40; ++d) {
    anchors.vectors[1 * 40 + d] = anchors.vectors[d] + 1e-4F;
    anchors.vectors[2 * 40 + d] += 3000;
  }
  anchors.category[5] = anchors.category[4];
  auto map = random_map(2, 40, 700);
  for (std::int64_t p = 0; p < 700; p += 2)
    for (std::int64_t d = 0; d < 40; ++d)
      map.values[d * 700 + p] =
          anchors.vectors[p / 2 % 21 * 40 + d] + map.values[d * 700 + p] * 1e-4F;
  map.values[13] = std::numeric_limits<float>::quiet_NaN();
  map.values[14] = kInfinity;
  map.values[15] = 1e20F;
  const std::vector<float> many{0.1F, 2, -1, 0, 3, 3, 0.5F, 7,         1, 1, 1,
                                0,    9, 2,  2, 1, 1, 1,    kInfinity, 4, 5};
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16);
  const Stored stored(map, layout, element);
  for (const auto& own :
       {anchors, Anchors{{anchors.vectors.begin(), anchors.vectors.begin() + 40}, {3}, 40}})
    for (const auto* margins : {static_cast<const float*>(nullptr), many.data()})
      for (const float margin : {0.0F, 1e-3F, 0.5F, -1.0F, 3.0F})
        for (const auto target : targets()) {
          CAPTURE(own.size(), margins != nullptr, margin, target);
          const OnTarget on_target(target);
          const MarginTest test{.margins = margins, .margin = margin, .strict = margin == 0.5F};
          constexpr std::size_t kSize = 2 * 700;
          std::vector<std::int64_t> label(kSize), category(kSize), own_category(kSize);
          std::vector<float> gap(kSize);
          assign(stored.view(), own.table(), test,
                 {.label = label.data(), .category = category.data(), .gap = gap.data()});
          std::vector<std::int64_t> alone(kSize), beside(kSize);
          assign(stored.view(), own.table(), test, {.label = alone.data()});
          CHECK(alone == label);
          assign(stored.view(), own.table(), test,
                 {.label = beside.data(), .category = own_category.data()});
          CHECK(beside == label);
          CHECK(own_category == category);
        }
}

TEST_CASE("assign gives the same labels without distances at every size and number of anchors") {
  const auto [channels, pixels, count] = GENERATE(
      std::tuple{1, 1, 2}, std::tuple{2, 700, 1}, std::tuple{31, 16, 16}, std::tuple{32, 17, 17},
      std::tuple{33, 530, 19}, std::tuple{48, 63, 31}, std::tuple{49, 600, 32},
      std::tuple{64, 100, 33}, std::tuple{256, 528, 19}, std::tuple{130, 90, 65},
      std::tuple{2048, 40, 256}, std::tuple{96, 33, 1000}, std::tuple{17, 31, 1024});
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16, Element::kFloat16);
  const auto offset = GENERATE(0.0F, 100.0F);
  CAPTURE(channels, pixels, count, layout, element, offset);
  const auto anchors = random_anchors(count, channels, offset);
  auto map = random_map(2, channels, pixels, 3, offset);
  // Nearer to one anchor than to the rest, as features are that a network has learned.
  for (std::int64_t n = 0; n < 2; ++n)
    for (std::int64_t d = 0; d < channels; ++d)
      for (std::int64_t p = 0; p < pixels; ++p) {
        auto& value = map.values[(n * channels + d) * pixels + p];
        value += (anchors.vectors[p * 7 % count * channels + d] - value) * 0.3F;
      }
  const Stored stored(map, layout, element);
  const auto size = static_cast<std::size_t>(2 * pixels);
  const MarginTest test{.margin = 0.2F};
  std::vector<std::int64_t> label(size), category(size), own_label(size), own_category(size);
  std::vector<float> gap(size);
  assign(stored.view(), anchors.table(), test,
         {.label = label.data(), .category = category.data(), .gap = gap.data()});
  for (const auto target : targets()) {
    CAPTURE(target);
    const OnTarget on_target(target);
    assign(stored.view(), anchors.table(), test,
           {.label = own_label.data(), .category = own_category.data()});
    // Where distances are equal but for rounding, each instruction set rounds its own way.
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < size; ++i)
      if (std::abs(gap[i]) > 1e-4F && std::abs(gap[i] - 0.2F) > 1e-4F)
        wrong += own_label[i] != label[i] || own_category[i] != category[i];
    CHECK(wrong == 0);
  }
}

TEST_CASE("assign never calls a pixel active whose distances are not finite") {
  const auto sound = random_map(1, 6, 40);
  const auto anchors = random_anchors(4, 6);
  for (const float broken : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN(), 3e38F})
    for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
      CAPTURE(broken, layout);
      auto map = sound;
      map.values[3 * 40 + 17] = broken;
      const Stored stored(map, layout);
      const auto result = run(stored.view(), anchors.table(), {.margin = 0});
      CHECK(result.label[17] == 250);
      CHECK_FALSE(std::isfinite(result.nearest[17]));
      CHECK(std::isnan(result.nearest[17]) == std::isnan(broken));
      CHECK(std::count(result.label.begin(), result.label.end(), 250) == 1);
    }
}

TEST_CASE("assign does not depend on the order of tasks, of pixels or on how a map is cut") {
  const auto map = random_map(2, 20, 1500);
  const auto anchors = random_anchors(19, 20);
  const MarginTest test{.margin = 0.7F};
  const Stored stored(map, Layout::kContiguous);
  const auto whole = run(stored.view(), anchors.table(), test);
  const Parallel backwards{
      .run = [](void*, std::int64_t tasks, Parallel::Task task, void* argument) {
        for (auto i = tasks - 1; i >= 0; --i) task(argument, i);
      }};
  CHECK(run(stored.view(), anchors.table(), test, backwards).label == whole.label);

  const auto piece = GENERATE(1, 3, 16, 100, 511, 513, 1499);
  for (std::int64_t begin = 0; begin < 1500; begin += piece) {
    auto part = stored.view();
    part.data = static_cast<const float*>(part.data) + begin;
    part.pixels = std::min<std::int64_t>(piece, 1500 - begin);
    const auto labels = run(part, anchors.table(), test).label;
    for (std::int64_t n = 0; n < 2; ++n)
      REQUIRE(std::equal(labels.begin() + n * part.pixels, labels.begin() + (n + 1) * part.pixels,
                         whole.label.begin() + n * 1500 + begin));
  }
}

TEST_CASE(
    "assign has the same labels wherever a map lies in memory, and reads a channel from one page") {
  const auto element = GENERATE(Element::kFloat32, Element::kBFloat16);
  const auto map = random_map(2, 5, 1024);
  const auto anchors = random_anchors(19, 5);
  const MarginTest test{.margin = 0.7F};
  const Stored stored(map, Layout::kContiguous, element);
  const auto expected = run(stored.view(), anchors.table(), test);
  const std::size_t bytes = 2 * 5 * 1024 * (element == Element::kFloat32 ? 4 : 2);
  // Tasks of 512 pixels each, of 2048 or 1024 bytes.
  const auto [offset, tasks] = GENERATE(std::pair{0, 4}, std::pair{64, 6}, std::pair{960, 6},
                                        std::pair{2048, 4}, std::pair{4032, 6}, std::pair{20, 4});
  CAPTURE(element, offset);
  std::vector<std::byte> memory(bytes + 4096 + offset);
  void* page = memory.data();
  auto space = memory.size();
  REQUIRE(std::align(4096, bytes + offset, page, space) != nullptr);
  auto view = stored.view();
  view.data = std::memcpy(static_cast<std::byte*>(page) + offset, view.data, bytes);
  std::int64_t called = 0;
  const Parallel counting{
      .run =
          [](void* pool, std::int64_t count, Parallel::Task task, void* argument) {
            *static_cast<std::int64_t*>(pool) = count;
            Parallel::in_order(nullptr, count, task, argument);
          },
      .pool = &called};
  CHECK(run(view, anchors.table(), test, counting).label == expected.label);
  CHECK(called == tasks);
  std::vector<std::int64_t> label(expected.label.size());
  assign(view, anchors.table(), test, {.label = label.data()}, counting);
  CHECK(label == expected.label);
  CHECK(called == tasks);
}

TEST_CASE("assign has the same labels whatever lies between channels and images") {
  const auto pixels = GENERATE(511, 700, 1025);
  const auto between_channels = GENERATE_COPY(0, 1, 16, 1536 - pixels);
  const auto between_images = GENERATE(0, 48, 512);
  const auto before = GENERATE(0, 1, 16, 500);
  CAPTURE(pixels, between_channels, between_images, before);
  const auto map = random_map(2, 5, pixels);
  const auto anchors = random_anchors(19, 5);
  const MarginTest test{.margin = 0.7F};
  const Stored stored(map, Layout::kContiguous);
  const auto expected = run(stored.view(), anchors.table(), test).label;

  auto view = stored.view();
  view.channel_stride = pixels + between_channels;
  view.image_stride = 5 * view.channel_stride + between_images;
  constexpr std::size_t kBlock = 2048;  // bytes of a task's pixels
  std::vector<float> memory(before + 2 * view.image_stride + kBlock / 4, kInfinity);
  void* block = memory.data();
  auto space = memory.size() * sizeof(float);
  auto* begin = static_cast<float*>(std::align(kBlock, space - kBlock, block, space)) + before;
  for (std::int64_t n = 0; n < 2; ++n)
    for (std::int64_t d = 0; d < 5; ++d)
      std::copy_n(map.values.begin() + (n * 5 + d) * pixels, pixels,
                  begin + n * view.image_stride + d * view.channel_stride);
  view.data = begin;
  CHECK(run(view, anchors.table(), test).label == expected);
  std::vector<std::int64_t> label(expected.size());
  assign(view, anchors.table(), test, {.label = label.data()});
  CHECK(label == expected);
}

TEST_CASE("assign writes only what is asked for, and nothing for an empty map") {
  const auto map = random_map(1, 4, 50);
  const auto anchors = random_anchors(3, 4);
  const Stored stored(map, Layout::kContiguous);
  const auto all = run(stored.view(), anchors.table(), {});
  std::vector<float> nearest(50);
  assign(stored.view(), anchors.table(), {}, {.nearest = nearest.data()});
  CHECK(nearest == all.nearest);
  std::vector<std::int64_t> label(50);
  assign(stored.view(), anchors.table(), {}, {.label = label.data(), .ignore = -7});
  for (std::size_t i = 0; i < 50; ++i) CHECK(label[i] == (all.label[i] == 250 ? -7 : all.label[i]));
  auto empty = stored.view();
  empty.images = 0;
  assign(empty, anchors.table(), {}, {.label = label.data()});
  empty.images = 1;
  empty.pixels = 0;
  assign(empty, anchors.table(), {}, {.label = label.data()});
}

TEST_CASE(
    "assign writes gaps, where it abstains and labels of a byte, with every instruction set") {
  auto map = random_map(2, 20, 503);
  map.values[100] = std::numeric_limits<float>::quiet_NaN();
  map.values[101] = kInfinity;
  const auto anchors = random_anchors(19, 20);
  const Stored stored(map, GENERATE(Layout::kContiguous, Layout::kChannelsLast));
  constexpr std::size_t kSize = 2 * 503;
  std::vector<std::int64_t> label(kSize), category(kSize);
  std::vector<float> nearest(kSize), second(kSize), gap(kSize);
  std::vector<std::uint8_t> abstain(kSize), label_byte(kSize), category_byte(kSize);
  for (const auto target : targets()) {
    CAPTURE(target);
    const OnTarget on_target(target);
    assign(stored.view(), anchors.table(), {.margin = 0.5F},
           {.label = label.data(),
            .category = category.data(),
            .nearest = nearest.data(),
            .second = second.data(),
            .ignore = 255,
            .gap = gap.data(),
            .abstain = abstain.data(),
            .label_byte = label_byte.data(),
            .category_byte = category_byte.data()});
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < kSize; ++i) {
      const float apart = second[i] - nearest[i];
      wrong += gap[i] != apart && !(std::isnan(gap[i]) && std::isnan(apart));
      wrong += label[i] != (gap[i] >= 0.5F && std::isfinite(gap[i]) ? category[i] : 255);
      wrong += abstain[i] != (label[i] == 255 ? 1 : 0);
      wrong += label_byte[i] != label[i] || category_byte[i] != category[i];
    }
    CHECK(wrong == 0);
    CHECK(abstain[100] == 1);
    CHECK(abstain[101] == 1);
    CHECK(std::isnan(gap[100]));
    CHECK(std::count(abstain.begin(), abstain.end(), 1) > 10);
    CHECK(std::count(abstain.begin(), abstain.end(), 0) > 10);
  }
}
