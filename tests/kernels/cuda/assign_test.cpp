#include "cuda/assign_body.hpp"

#include <sys/mman.h>

#include <catch2/catch.hpp>

#include "../block_executor.hpp"
#include "assign_cases.hpp"
#include "host_anchors.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

void assign(const FeatureMap& map, const Anchors& anchors, const MarginTest& test,
            const Assignment& out) {
  const HostAnchors own(anchors);
  const cuda::AssignJob job{cuda::DistanceJob(map, own.view()), test, out};
  const auto& distances = job.distances;
  launch(distances.tasks(), distances.threads(), job.shared_bytes(), [&](const HostBlock& block) {
    cuda::AnchorTiles::with_slice(distances.tiles.slice,
                                  [&](auto slice) { cuda::assign_body<slice()>(block, job); });
  });
}

Result run(const FeatureMap& map, const Anchors& anchors, const MarginTest& test) {
  const auto size = static_cast<std::size_t>(map.images * map.pixels);
  Result result{std::vector<std::int64_t>(size, -1), std::vector<float>(size),
                std::vector<float>(size)};
  assign(map, anchors, test,
         {.label = result.label.data(),
          .nearest = result.nearest.data(),
          .second = result.second.data()});
  return result;
}

}  // namespace

TEST_CASE("the body of assign labels pixels as worked out by hand") { expect_labels_by_hand(run); }

TEST_CASE("the body of assign measures the margin to another category") {
  expect_margin_to_another_category(run);
}

TEST_CASE("Nearest of two parts is that of the whole, wherever it is cut") {
  // Every list of four anchors with distances 0 to 3 and ascending categories 0 to 2, by digits.
  const auto digit = [](int number, int base, int place) {
    for (; place > 0; --place) number /= base;
    return number % base;
  };
  int wrong = 0;
  for (int distances = 0; distances < 256; ++distances)
    for (int categories = 0; categories < 81; ++categories) {
      const auto squared = [&](int i) { return static_cast<float>(digit(distances, 4, i)); };
      const auto category = [&](int i) { return digit(categories, 3, i); };
      if (category(0) > category(1) || category(1) > category(2) || category(2) > category(3))
        continue;
      int first = 0;
      for (int i = 1; i < 4; ++i) first = squared(i) < squared(first) ? i : first;
      float second = kInfinity;
      for (int i = 0; i < 4; ++i)
        if (category(i) != category(first)) second = std::min(second, squared(i));
      for (int cut = 0; cut <= 4; ++cut) {
        cuda::Nearest found = cuda::nothing_near(), later = cuda::nothing_near();
        for (int i = 0; i < 4; ++i) add_anchor(i < cut ? found : later, squared(i), category(i));
        add_nearest(found, later);
        wrong += found.best != squared(first) || found.second != second ||
                 found.category != category(first);
      }
    }
  CHECK(wrong == 0);
}

TEST_CASE("the body of assign agrees with float64 on small maps") {
  expect_agreement(run, 1, 9, 70, 19);
  expect_agreement(run, 3, 1, 1, 1);
  expect_agreement(run, 1, 17, 5, 33, 10);
}

TEST_CASE("the body of assign races with nobody", "[race]") {
  const auto [channels, count] = GENERATE(std::tuple{17, 5}, std::tuple{9, 40});
  const auto map = random_map(2, channels, 70);
  const auto anchors = random_anchors(count, channels);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    check_equal(run(stored.view(), anchors, {}), oracle(map, anchors, {}, 1e-4), 1e-5);
  }
}

TEST_CASE("the body of assign agrees with float64 for every division of the anchors") {
  const auto [images, channels, pixels, count] =
      GENERATE(std::tuple{1, 64, 300, 19}, std::tuple{2, 24, 45, 11}, std::tuple{3, 5, 7, 2},
               std::tuple{1, 16, 64, 65}, std::tuple{1, 8, 65, 256}, std::tuple{1, 3, 20, 300},
               std::tuple{1, 7, 20, 1024}, std::tuple{1, 130, 17, 120});
  expect_agreement(run, images, channels, pixels, count, 100);
}

TEST_CASE("the body of assign takes 256 anchors of 2048 channels in 48 KB", "[deep]") {
  const auto map = random_map(1, 2048, 70);
  const auto anchors = random_anchors(256, 2048);
  const Stored stored(map, Layout::kContiguous, Element::kFloat16);
  check_equal(run(stored.view(), anchors, {.margin = 0.5F}),
              oracle(rounded(map, Element::kFloat16), anchors, {.margin = 0.5F}, 1e-4), 1e-5);
  for (std::int64_t count = 1; count <= AnchorTable::kMaxAnchors; ++count) {
    const cuda::DistanceJob job(stored.view(), {nullptr, nullptr, count, 2048});
    REQUIRE(job.tiles.all_slots() >= count);
    REQUIRE(job.stage >= job.parts * cuda::kFour);
    REQUIRE(job.stage % (job.parts * cuda::kFour) == 0);
    REQUIRE(cuda::AssignJob{job, {}, {}}.shared_bytes() <= 48 << 10);
    REQUIRE(job.threads() <= cuda::DistanceJob::most_threads(job.tiles.slice));
  }
}

TEST_CASE("the body of assign never calls a pixel active whose distances are not finite") {
  expect_no_label_without_finite_distances(run, 4);
}

TEST_CASE("the body of assign keeps what is not finite through slices and passes") {
  expect_no_label_without_finite_distances(run, 40);
  expect_no_label_without_finite_distances(run, 257);
}

TEST_CASE("the body of assign writes only what is asked for, and nothing for an empty map") {
  const auto map = random_map(1, 4, 50);
  const auto anchors = random_anchors(3, 4);
  const Stored stored(map, Layout::kContiguous);
  const auto all = run(stored.view(), anchors, {});
  std::vector<float> nearest(50);
  assign(stored.view(), anchors, {}, {.nearest = nearest.data()});
  CHECK(nearest == all.nearest);
  std::vector<std::int64_t> label(50);
  assign(stored.view(), anchors, {}, {.label = label.data(), .ignore = -7});
  for (std::size_t i = 0; i < 50; ++i) CHECK(label[i] == (all.label[i] == 250 ? -7 : all.label[i]));
  // The bytes, the gap and where it abstains, too.
  std::vector<std::uint8_t> bytes(50), categories(50), abstain(50);
  std::vector<float> gap(50);
  assign(stored.view(), anchors, {},
         {.gap = gap.data(),
          .abstain = abstain.data(),
          .label_byte = bytes.data(),
          .category_byte = categories.data()});
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(bytes[i] == all.label[i]);
    CHECK(gap[i] == all.second[i] - all.nearest[i]);
    CHECK(abstain[i] == (all.label[i] == 250));
    CHECK((abstain[i] == 1 || categories[i] == bytes[i]));
  }
  // The category is that of the label where there is one, and the first where no anchor is near.
  auto broken = map;
  broken.values[7] = std::numeric_limits<float>::quiet_NaN();
  const Stored partly(broken, Layout::kContiguous);
  std::vector<std::int64_t> category(50);
  auto named = anchors;
  named.category = {4, 5, 6};
  assign(partly.view(), named, {.margin = 0}, {.category = category.data()});
  const auto labels = run(partly.view(), named, {.margin = 0}).label;
  for (std::size_t i = 0; i < 50; ++i) CHECK(category[i] == (i == 7 ? 4 : labels[i]));
  auto empty = stored.view();
  empty.images = 0;
  assign(empty, anchors, {}, {.label = label.data()});
  empty.images = 1;
  empty.pixels = 0;
  assign(empty, anchors, {}, {.label = label.data()});
}

TEST_CASE("the body of assign reaches elements beyond 2^31") {
  // Address space alone: only the pages with values take memory.
  constexpr std::int64_t kFar = (std::int64_t{1} << 31) + 4096, kElements = 2 * kFar;
  auto* const memory = static_cast<std::uint16_t*>(
      mmap(nullptr, kElements * sizeof(std::uint16_t), PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  REQUIRE(memory != MAP_FAILED);
  const auto map = random_map(2, 2, 5);
  const Anchors anchors = random_anchors(3, 2);
  const auto expected = oracle(rounded(map, Element::kBFloat16), anchors, {.margin = 0.1F}, 1e-4);
  for (const bool images_apart : {true, false}) {
    FeatureMap view{
        memory, Element::kBFloat16, 2, 2, 5, images_apart ? kFar : 5, images_apart ? 5 : kFar, 1};
    for (std::int64_t n = 0; n < 2; ++n)
      for (std::int64_t d = 0; d < 2; ++d)
        for (std::int64_t p = 0; p < 5; ++p)
          memory[n * view.image_stride + d * view.channel_stride + p] =
              to_bfloat16(map.at(n, d, p));
    check_equal(run(view, anchors, {.margin = 0.1F}), expected, 1e-5);
  }
  munmap(memory, kElements * sizeof(std::uint16_t));
}
