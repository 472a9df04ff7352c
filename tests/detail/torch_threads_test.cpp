#include <cag/detail/torch_threads.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "torch_threads.hpp"

using namespace cag;
using namespace cag::test;

namespace {

/// Calls `task(i)` by cag::detail::torch_threads().
template <typename F>
void run(std::int64_t tasks, F task) {
  const auto parallel = cag::detail::torch_threads();
  parallel.run(
      parallel.pool, tasks, [](void* argument, std::int64_t i) { (*static_cast<F*>(argument))(i); },
      &task);
}

/// The threads that run two tasks, each of which waits a while for the other.
std::set<std::thread::id> threads_of_two() {
  std::atomic<int> begun = 0;
  std::vector<std::thread::id> ids(2);
  run(2, [&](std::int64_t i) {
    ids[static_cast<std::size_t>(i)] = std::this_thread::get_id();
    ++begun;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (begun < 2 && std::chrono::steady_clock::now() < end && at::get_num_threads() > 1)
      std::this_thread::yield();
  });
  return {ids.begin(), ids.end()};
}

}  // namespace

TEST_CASE("Every task runs once, with any number of threads") {
  for (const auto count : {1, 2, 3}) {
    CAPTURE(count);
    const TorchThreads threads(count);
    for (const std::int64_t tasks : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(tasks));
      run(tasks, [&](std::int64_t i) { ++calls[static_cast<std::size_t>(i)]; });
      CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& n) { return n == 1; }));
    }
  }
}

TEST_CASE("Tasks are shared by the threads that LibTorch may use") {
  {
    const TorchThreads threads(2);
    CHECK(threads_of_two().size() == 2);
    CHECK_FALSE(cag::detail::torch_threads().alone());
  }
  const TorchThreads threads(1);
  CHECK(cag::detail::torch_threads().alone());
  CHECK(threads_of_two() == std::set{std::this_thread::get_id()});
}

TEST_CASE("Inside a parallel region of LibTorch tasks stay in their thread") {
  const TorchThreads threads(2);
  std::atomic<int> others = 0, calls = 0;
  run(2, [&](std::int64_t) {
    const auto own = std::this_thread::get_id();
    run(100, [&](std::int64_t) {
      ++calls;
      others += std::this_thread::get_id() != own;
    });
  });
  CHECK(calls == 200);
  CHECK(others == 0);
}
