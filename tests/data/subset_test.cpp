#include <cag/data/subset.hpp>

#include "memory_data.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::data::every_kth;
using cag::data::Subset;
using cag::test::MemoryImages;
using cag::test::MemoryPairs;
using Catch::Contains;

static_assert(cag::SourceDataset<Subset<MemoryPairs>>);
static_assert(cag::TargetDataset<Subset<MemoryImages>>);

TEST_CASE("A subset gives the chosen samples in the chosen order") {
  const Subset subset(MemoryPairs{}, {7, 2});
  REQUIRE(subset.size() == 2);
  CHECK(subset.name(0) == "image7");
  CHECK(subset.get(1).name == "image2");
  CHECK_THROWS_WITH(subset.get(2), Contains("below 2, got 2"));
}

TEST_CASE("A subset refuses an index outside the data set") {
  CHECK_THROWS_WITH(Subset(MemoryPairs{}, {0, 10}), "expected indices below 10, got 10");
  CHECK_THROWS_AS(Subset(MemoryPairs{}, {-1}), cag::UsageError);
}

TEST_CASE("Every k-th image is held out and the others are kept") {
  const auto split = every_kth(7, 3);
  CHECK(split.held_out == std::vector<std::int64_t>{0, 3, 6});
  CHECK(split.kept == std::vector<std::int64_t>{1, 2, 4, 5});
  CHECK(every_kth(0, 2).kept.empty());
  CHECK_THROWS_AS(every_kth(7, 1), cag::UsageError);
}
