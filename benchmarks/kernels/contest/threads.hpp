#pragma once

#include <cag/kernels/parallel.hpp>

namespace bench {

/// OpenMP's threads, which are LibTorch's too.
cag::kernels::Parallel parallel_of(int threads);

}  // namespace bench
