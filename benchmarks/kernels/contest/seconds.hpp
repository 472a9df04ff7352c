#pragma once

#include <functional>

namespace bench {

/// What a repetition took: CPU time of all threads of the process, and wall time.
struct Seconds {
  double cpu = 0, wall = 0;
};

Seconds measure(const std::function<void()>& run);

}  // namespace bench
