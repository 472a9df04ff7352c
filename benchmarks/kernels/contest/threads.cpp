#include "threads.hpp"

#include <cstdint>

namespace bench {

cag::kernels::Parallel parallel_of(int threads) {
  if (threads == 1) return {};
  return {
      .run =
          [](void* pool, std::int64_t tasks, cag::kernels::Parallel::Task task, void* argument) {
            const auto count = static_cast<int>(reinterpret_cast<std::intptr_t>(pool));
#pragma omp parallel for schedule(dynamic) num_threads(count)
            for (std::int64_t i = 0; i < tasks; ++i) task(argument, i);
          },
      .pool = reinterpret_cast<void*>(static_cast<std::intptr_t>(threads))};
}

}  // namespace bench
