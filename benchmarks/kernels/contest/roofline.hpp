#pragma once

#include "contest.hpp"

namespace bench {

/// What the processor can do at best, by contestants of their own: arithmetic in registers, reading
/// and writing memory. Each has the note `work`: multiply-adds, differences squared and added, or
/// bytes of a repetition. One thread.
void add_roofline(Contest& contest);

}  // namespace bench
