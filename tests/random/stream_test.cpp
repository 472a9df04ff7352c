#include <cag/random/stream.hpp>

#include <array>
#include <set>
#include <vector>

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::Stream;
using cag::StreamKey;

TEST_CASE("A stream is fixed by its key on every machine") {
  // Philox 4x32-10 of key (mix(mix(7) + purpose("crop")), mix(mix(3) + 11)), computed
  // independently.
  Stream stream({.seed = 7, .purpose = cag::purpose("crop"), .epoch = 3, .index = 11});
  CHECK(stream.bits() == 0xae2eb06ce9571983);
  CHECK(stream.bits() == 0x96fe652447bd48df);
  CHECK(stream.bits() == 0x8908ed0fe7ff47a6);
}

TEST_CASE("A copied stream draws what the original draws") {
  Stream stream({.seed = 1});
  stream.bits();
  Stream copy = stream;
  for (int i = 0; i < 9; ++i) CHECK(copy.bits() == stream.bits());
}

TEST_CASE("Streams differ in every part of the key") {
  std::set<std::uint64_t> first;
  int keys = 0;
  for (std::uint64_t a = 0; a < 6; ++a) {
    for (std::uint64_t b = 0; b < 6; ++b) {
      for (std::uint64_t c = 0; c < 6; ++c) {
        for (std::uint64_t d = 0; d < 6; ++d, ++keys) first.insert(Stream({a, b, c, d}).bits());
      }
    }
  }
  CHECK(static_cast<int>(first.size()) == keys);
}

TEST_CASE("A name gives its FNV-1a number at compile time") {
  static_assert(cag::purpose("") == 0xcbf29ce484222325);
  static_assert(cag::purpose("a") == 0xaf63dc4c8601ec8c);
  static_assert(cag::purpose("source") != cag::purpose("target"));
}

TEST_CASE("uniform01 fills [0, 1) evenly") {
  Stream stream({.seed = 2});
  std::array<int, 16> bins{};
  double sum = 0;
  for (int i = 0; i < 16000; ++i) {
    const double u = stream.uniform01();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += u;
    ++bins[static_cast<std::size_t>(u * 16)];
  }
  CHECK(sum / 16000 == Approx(0.5).margin(0.01));
  for (const int n : bins) CHECK(n == Approx(1000).margin(150));
}

TEST_CASE("uniform keeps to its bounds") {
  Stream stream({.seed = 3});
  for (int i = 0; i < 1000; ++i) {
    const double u = stream.uniform(0.5, 1.5);
    REQUIRE(u >= 0.5);
    REQUIRE(u < 1.5);
  }
  CHECK(stream.uniform(2, 2) == 2);
}

TEST_CASE("below draws every value equally often") {
  Stream stream({.seed = 4});
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts[static_cast<std::size_t>(stream.below(7))];
  for (const int n : counts) CHECK(n == Approx(1000).margin(130));
  CHECK(stream.below(1) == 0);
}

TEST_CASE("below is fair for counts near the range of the generator") {
  // A plain remainder of 64 bits by 3 * 2^61 would give the lower third 3/8 instead of 1/3.
  Stream stream({.seed = 5});
  const std::int64_t third = std::int64_t{1} << 61;
  int low = 0;
  for (int i = 0; i < 6000; ++i) low += stream.below(3 * third) < third;
  CHECK(low == Approx(2000).margin(150));
}

TEST_CASE("below rejects a count that is not positive, with the count") {
  Stream stream({.seed = 6});
  CHECK_THROWS_WITH(stream.below(0), Catch::Contains("positive count") && Catch::Contains("got 0"));
  CHECK_THROWS_WITH(stream.below(-3), Catch::Contains("got -3"));
}

TEST_CASE("bernoulli follows its probability") {
  Stream stream({.seed = 7});
  int heads = 0;
  for (int i = 0; i < 4000; ++i) {
    REQUIRE_FALSE(stream.bernoulli(0));
    REQUIRE(stream.bernoulli(1));
    heads += stream.bernoulli(0.25);
  }
  CHECK(heads == Approx(1000).margin(120));
}
