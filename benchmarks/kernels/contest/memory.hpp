#pragma once

#include <functional>

namespace bench {

/// Bytes by which the process grew at most while `run` ran, pages that it touched; NaN where the
/// kernel does not tell.
double extra_memory(const std::function<void()>& run);

}  // namespace bench
