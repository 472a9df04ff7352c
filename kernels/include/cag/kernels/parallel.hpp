#pragma once

#include <cstdint>

namespace cag::kernels {

/// How an operator gets at threads: it calls `run` once, which calls `task(argument, i)` once for
/// each i in [0, tasks), in any order and on any threads, and returns when all have returned. The
/// default runs them in the caller's thread. Results do not depend on the order or on the threads.
struct Parallel {
  /// One of the tasks, by its number.
  using Task = void (*)(void* argument, std::int64_t index);

  /// See above.
  void (*run)(void* pool, std::int64_t tasks, Task task, void* argument) = &in_order;
  void* pool = nullptr;  ///< what `run` is given

  /// Whether `run` is the default, whose tasks are all of one thread.
  bool alone() const { return run == &in_order; }

  /// The tasks one after the other, in the caller's thread.
  static void in_order(void*, std::int64_t tasks, Task task, void* argument) {
    for (std::int64_t i = 0; i < tasks; ++i) task(argument, i);
  }
};

}  // namespace cag::kernels
