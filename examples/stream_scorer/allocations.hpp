#pragma once

#include <cstdint>

/// Allocations in this process up to now, in whatever library.
std::int64_t allocations();
