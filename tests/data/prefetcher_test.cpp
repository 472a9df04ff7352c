#include <cag/data/detail/prefetcher.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::detail::Prefetcher;

TEST_CASE("A prefetcher drops what it was making when it is asked for another step") {
  std::atomic<bool> released = false;
  std::atomic<int> made = 0;
  std::atomic<int> living = 0;
  const auto make = [&](std::int64_t step) {
    while (step == 1 && !released) std::this_thread::yield();
    ++living;
    const std::shared_ptr<std::int64_t> value(new std::int64_t(step), [&](std::int64_t* p) {
      --living;
      delete p;
    });
    ++made;
    return value;
  };
  Prefetcher<std::shared_ptr<std::int64_t>> prefetcher(make, 1, 3);
  CHECK(*prefetcher.get(0) == 0);
  // The worker is at step 1; it may go on once the caller below waits for step 100.
  const std::jthread release([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    released = true;
  });
  CHECK(*prefetcher.get(100) == 100);
  while (made < 6) std::this_thread::yield();  // 0, 1, 100 and three ahead
  CHECK(*prefetcher.get(101) == 101);
  while (made < 7) std::this_thread::yield();
  CHECK(*prefetcher.get(102) == 102);
  CHECK(living <= 3 + 1);
  while (made < 8) std::this_thread::yield();
  CHECK(living <= 3);
}

TEST_CASE("A prefetcher without workers works in the calling thread") {
  const auto caller = std::this_thread::get_id();
  Prefetcher<std::thread::id> here([](std::int64_t) { return std::this_thread::get_id(); }, 0, 2);
  CHECK(here.get(5) == caller);
  Prefetcher<std::thread::id> away([](std::int64_t) { return std::this_thread::get_id(); }, 1, 2);
  CHECK(away.get(5) != caller);
}

TEST_CASE("An exception ahead of its step waits for that step") {
  Prefetcher<std::int64_t> prefetcher(
      [](std::int64_t step) {
        if (step == 2) throw std::runtime_error("step 2");
        return step;
      },
      2, 4);
  CHECK(prefetcher.get(0) == 0);
  CHECK(prefetcher.get(1) == 1);
  CHECK_THROWS_WITH(prefetcher.get(2), "step 2");
  CHECK(prefetcher.get(3) == 3);
}
