#pragma once

#include <cstdint>

namespace cag::kernels {

/// Asks the system for large pages where memory is about to be written for the first time: a fresh
/// page costs more than what is written to it, and a large one is fresh 512 times less often. It
/// is advice: where there are none, or on other systems than Linux, nothing changes.
/// @param memory  of which nothing but whole large pages is concerned
void ask_for_large_pages(void* memory, std::int64_t bytes) noexcept;

}  // namespace cag::kernels
