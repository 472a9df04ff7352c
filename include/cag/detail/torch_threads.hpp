#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/kernels/parallel.hpp>

namespace cag::detail {

/// Tasks on LibTorch's own threads, as many as at::set_num_threads says; in the caller's where that
/// is one, or where this is called inside one of its parallel regions. at::parallel_for is a
/// template: it would be serial in every file that is compiled without OpenMP, and in others run on
/// an OpenMP that need not be LibTorch's. A TensorIterator is compiled into LibTorch, and so is the
/// region that calls its loop.
inline kernels::Parallel torch_threads() {
  if (at::get_num_threads() == 1 || at::in_parallel_region()) return {};
  return {.run = [](void*, std::int64_t tasks, kernels::Parallel::Task task, void* argument) {
    std::atomic<std::int64_t> next = 0;
    const auto work = [&] {
      for (auto i = next++; i < tasks; i = next++) task(argument, i);
    };
    const auto workers = std::min<std::int64_t>(tasks, at::get_num_threads());
    if (workers > 1) {
      try {
        auto places = at::empty({workers}, at::kByte);  // one for each thread
        at::TensorIterator::nullary_op(places).for_each(
            [&](char**, const std::int64_t*, std::int64_t, std::int64_t) { work(); },
            /*grain_size=*/1);
      } catch (...) {
        // Operators are noexcept: where memory or threads are lacking, the caller does what is
        // left.
      }
    }
    work();
  }};
}

}  // namespace cag::detail
