#include <cag/data/cached.hpp>

#include <ATen/ops/equal.h>

#include <thread>
#include <vector>

#include <cag/data/subset.hpp>
#include "memory_data.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::data::Cached;
using cag::data::Subset;
using cag::test::MemoryImages;
using cag::test::MemoryPairs;

static_assert(cag::SourceDataset<Cached<MemoryPairs>>);
static_assert(cag::TargetDataset<Cached<MemoryImages>>);

TEST_CASE("A cache gives what the data set gives and reads each sample once") {
  const MemoryPairs pairs;
  const Cached cached(pairs, 1 << 20);
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t i = 0; i < pairs.size(); ++i) {
      const auto sample = cached.get(i);
      CHECK(sample.name == pairs.name(i));
      CHECK(sample.label.scalar_type() == at::kLong);
      CHECK(sample.label.eq(i % 3).all().item<bool>());
      CHECK(sample.image.eq(i).all().item<bool>());
    }
  }
  CHECK(*pairs.reads == 10);
  CHECK(cached.bytes() == 10 * 4 * 6 * 4);
}

TEST_CASE("A cache keeps the ignore label") {
  struct Ignored : MemoryPairs {
    cag::LabelledSample get(std::int64_t i) const {
      auto sample = MemoryPairs::get(i);
      sample.label.fill_(cag::kIgnoreIndex);
      return sample;
    }
  };
  const Cached cached(Ignored{}, 1 << 20);
  cached.get(0);
  CHECK(cached.get(0).label.eq(cag::kIgnoreIndex).all().item<bool>());
}

TEST_CASE("A cache stops at its budget and goes on reading") {
  const MemoryPairs pairs;
  const Cached cached(pairs, 200);  // two samples of 96 bytes
  for (int round = 0; round < 2; ++round) {
    for (std::int64_t i = 0; i < 10; ++i) CHECK(cached.get(i).name == pairs.name(i));
  }
  CHECK(cached.bytes() == 192);
  CHECK(*pairs.reads == 18);
}

TEST_CASE("Copies of a cache share it") {
  const MemoryPairs pairs;
  const Cached cached(pairs, 1 << 20);
  const Subset first(cached, {3, 4});
  const Subset second(cached, {4});
  first.get(1);
  second.get(0);
  CHECK(*pairs.reads == 1);
}

TEST_CASE("A cache passes errors on and tries again") {
  struct Failing : MemoryPairs {
    cag::LabelledSample get(std::int64_t i) const {
      if (++*reads < 3) throw cag::DataError("broken.png");
      return MemoryPairs::get(i);
    }
  };
  const Cached cached(Failing{}, 1 << 20);
  CHECK_THROWS_WITH(cached.get(1), "broken.png");
  CHECK_THROWS_WITH(cached.get(1), "broken.png");
  CHECK(cached.get(1).name == "image1");
}

TEST_CASE("A cache may be read from several threads") {
  const Cached cached(MemoryImages{}, 1 << 20);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < 200; ++i) {
        const std::int64_t index = (i * 7 + t) % 10;
        wrong += cached.get(index).name != "image" + std::to_string(index);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(cached.bytes() == 10 * 4 * 6 * 3);
}
