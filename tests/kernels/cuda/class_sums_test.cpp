#include "cuda/class_sums_body.hpp"

#include <tuple>

#include <catch2/catch.hpp>

#include "../block_executor.hpp"
#include "../class_sums_cases.hpp"
#include "cuda/class_map_body.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

Sums run_in_pieces(const FeatureMap& map, const PixelClasses& classes, std::int64_t piece) {
  const auto values = classes.categories * map.channels;
  Sums result{std::vector<float>(map.images * values, -1),
              std::vector<std::int64_t>(map.images * classes.categories),
              std::vector<std::uint8_t>(map.images * map.pixels)};
  const auto categories = static_cast<int>(classes.categories);
  const cuda::ClassMapJob labels{
      classes.label,       classes.logits != nullptr ? *classes.logits : FeatureMap{},
      categories,          map.images,
      map.pixels,          result.classes.data(),
      result.counts.data()};
  launch(labels.tasks(), labels.kThreads, labels.shared_bytes(),
         [&](const HostBlock& block) { class_map_body(block, labels); });
  cuda::PartialSumsJob pieces(map, result.classes.data(), categories, nullptr);
  if (piece != 0) pieces.piece = piece;
  std::vector<float> partial(map.images * pieces.pieces() * values);
  pieces.partial = partial.data();
  launch(pieces.tasks(), pieces.threads(), pieces.shared_bytes(), [&](const HostBlock& block) {
    if (pieces.channels() == 1)
      cuda::partial_sums_body<1>(block, pieces);
    else
      cuda::partial_sums_body<cuda::PartialSumsJob::kMostChannels>(block, pieces);
  });
  const cuda::SumsJob all{partial.data(), map.images, pieces.pieces(), values, result.sums.data()};
  launch(all.tasks(), all.kThreads, all.shared_bytes(),
         [&](const HostBlock& block) { sums_body(block, all); });
  return result;
}

Sums run(const FeatureMap& map, const PixelClasses& classes) {
  return run_in_pieces(map, classes, 0);
}

}  // namespace

TEST_CASE("the bodies of class_sums add what was worked out by hand") { expect_sums_by_hand(run); }

TEST_CASE("the bodies of class_sums take the first of equal logits, and NaN above all") {
  expect_first_of_equal_logits(run);
}

TEST_CASE("the bodies of class_sums agree with float64 in every division of the channels") {
  const auto [images, channels, pixels, categories] =
      GENERATE(std::tuple{1, 20, 1500, 19}, std::tuple{2, 130, 70, 3}, std::tuple{3, 1, 1, 1},
               std::tuple{1, 5, 100, 40}, std::tuple{1, 3, 600, 255}, std::tuple{1, 70, 33, 25},
               std::tuple{2, 24, 256, 5});
  expect_sums(run, images, channels, pixels, categories);
}

TEST_CASE("the bodies of class_sums agree with float64 in pieces of any size") {
  const auto piece = GENERATE(256, 1024);
  const auto in_pieces = [=](const FeatureMap& map, const PixelClasses& classes) {
    return run_in_pieces(map, classes, piece);
  };
  expect_sums(in_pieces, 2, 6, 1304, 19);
  expect_sums(in_pieces, 1, 4, 700, 2);
}

TEST_CASE("the bodies of class_sums race with nobody", "[race]") {
  const auto map = random_map(2, 33, 1100);
  const auto label = random_labels(2 * 1100, 19, 5);
  for (const auto layout : {Layout::kContiguous, Layout::kChannelsLast}) {
    const Stored stored(map, layout);
    check_sums(run(stored.view(), {label.data(), nullptr, 19}), map, label, nullptr, 19);
  }
}

TEST_CASE("the bodies of class_sums leave zeros for an empty map") {
  FeatureMap map{nullptr, Element::kFloat32, 2, 3, 0, 0, 0, 1};
  const auto got = run(map, {nullptr, nullptr, 4});
  CHECK(got.sums == std::vector<float>(24, 0));
  map.images = 0;
  map.pixels = 5;
  CHECK(run(map, {nullptr, nullptr, 4}).sums.empty());
}

TEST_CASE("PartialSumsJob takes pieces as large as leave enough of them") {
  const auto piece = [](std::int64_t images, std::int64_t channels, std::int64_t pixels) {
    const FeatureMap map{nullptr, Element::kFloat32, images, channels, pixels, 0, pixels, 1};
    return cuda::PartialSumsJob(map, nullptr, 19, nullptr).piece;
  };
  CHECK(piece(1, 256, 128 * 256) == 1024);
  CHECK(piece(1, 256, 64 * 256) == 512);
  CHECK(piece(1, 16, 100) == 128);
  CHECK(piece(512, 16, 1000) == 1024);
}

TEST_CASE("PartialSumsJob stays within 48 KB of shared memory for any number of categories") {
  for (int categories = 1; categories <= 255; ++categories) {
    const cuda::PartialSumsJob job({}, nullptr, categories, nullptr);
    REQUIRE(job.warps() >= 1);
    REQUIRE(job.shared_bytes() <= 48 << 10);
  }
}
