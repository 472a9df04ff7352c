#include <cag/random/sampler.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::Draw;
using cag::Sampler;

TEST_CASE("A sampler's batch depends on the step alone") {
  const Sampler sampler(10, 3, 42, cag::purpose("source"));
  const auto late = sampler.batch(8);
  const auto early = sampler.batch(0);
  CHECK(sampler.batch(0) == early);
  CHECK(Sampler(10, 3, 42, cag::purpose("source")).batch(8) == late);
}

TEST_CASE("An epoch draws floor(size / batch) full batches without repetition and drops the rest") {
  const Sampler sampler(11, 3, 1, 0);
  REQUIRE(sampler.batches_per_epoch() == 3);
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    std::set<std::int64_t> seen;
    for (std::int64_t k = 0; k < 3; ++k) {
      const auto draws = sampler.batch(epoch * 3 + k);
      REQUIRE(draws.size() == 3);
      for (const Draw& draw : draws) {
        CHECK(draw.epoch == epoch);
        CHECK(draw.index >= 0);
        CHECK(draw.index < 11);
        seen.insert(draw.index);
      }
    }
    CHECK(seen.size() == 9);
  }
}

TEST_CASE("Every sample takes its turn over the epochs") {
  const Sampler sampler(5, 2, 9, 0);
  std::set<std::int64_t> seen;
  for (std::int64_t step = 0; step < 40; ++step) {
    for (const Draw& draw : sampler.batch(step)) seen.insert(draw.index);
  }
  CHECK(seen.size() == 5);
}

TEST_CASE("Seeds, purposes and epochs give different permutations of all samples") {
  const auto base = Sampler(50, 1, 1, 1).permutation(0);
  auto sorted = base;
  std::sort(sorted.begin(), sorted.end());
  for (std::int64_t i = 0; i < 50; ++i) CHECK(sorted[static_cast<std::size_t>(i)] == i);
  CHECK(Sampler(50, 1, 2, 1).permutation(0) != base);
  CHECK(Sampler(50, 1, 1, 2).permutation(0) != base);
  CHECK(Sampler(50, 1, 1, 1).permutation(1) != base);
}

TEST_CASE("All orders of three samples are equally likely") {
  std::map<std::vector<std::int64_t>, int> counts;
  const Sampler sampler(3, 1, 5, 0);
  for (std::int64_t epoch = 0; epoch < 6000; ++epoch) ++counts[sampler.permutation(epoch)];
  CHECK(counts.size() == 6);
  for (const auto& [order, count] : counts) CHECK(count == Approx(1000).margin(130));
}

TEST_CASE("A sampler refuses sizes that cannot fill a batch, with the numbers") {
  CHECK_THROWS_WITH(Sampler(3, 4, 0, 0), "expected at least one full batch of 4, got 3 samples");
  CHECK_THROWS_WITH(Sampler(0, 1, 0, 0), Catch::Contains("got 0 samples"));
  CHECK_THROWS_AS(Sampler(3, 0, 0, 0), cag::UsageError);
  CHECK_THROWS_AS(Sampler(3, 1, 0, 0).batch(-1), cag::UsageError);
}
