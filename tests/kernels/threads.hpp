#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <cag/kernels/parallel.hpp>

namespace cag::kernels::test {

/// Tasks on three threads, the last ones first.
inline Parallel threads() {
  return {.run = [](void*, std::int64_t tasks, Parallel::Task task, void* argument) {
    std::atomic<std::int64_t> left = tasks;
    std::vector<std::jthread> pool;
    for (int t = 0; t < 3; ++t)
      pool.emplace_back([&] {
        for (auto i = --left; i >= 0; i = --left) task(argument, i);
      });
  }};
}

}  // namespace cag::kernels::test
