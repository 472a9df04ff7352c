#pragma once

#include <cstdint>

#include "contest.hpp"

namespace bench {

/// What the processor can do at best, by contestants of their own: arithmetic in registers, reading
/// and writing memory. Each has the note `work`: multiply-adds, differences squared and added, or
/// bytes of a repetition. One thread.
void add_roofline(Contest& contest);

/// To read a feature map once and add up its values, which is the least that an operator has to do:
/// "peak: read the features".
/// @param bytes  a multiple of 256
void add_read(Contest& contest, const void* features, std::int64_t bytes);

}  // namespace bench
