#pragma once

#include <cstdint>

namespace cag::kernels::test {

/// Calls of malloc and its kin, and so of operator new, in this process up to now.
std::int64_t allocations();

}  // namespace cag::kernels::test
