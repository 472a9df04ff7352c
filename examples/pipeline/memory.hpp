#pragma once

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace pipeline {

/// Lets the process keep the memory that it frees. A step makes and drops tensors of the same sizes
/// again and again; pages that glibc gives back between come anew, and to have the system zero them
/// costs more than to fill them. Before the first large allocation.
inline void retain_memory() {
#ifdef __GLIBC__
  constexpr int kPiece = 64 << 20;
  mallopt(M_MMAP_MAX, 0);         // nothing of its own mapping, which would go when it is freed
  mallopt(M_TRIM_THRESHOLD, -1);  // nothing back from the end of the heap
  mallopt(M_TOP_PAD, kPiece);
#endif
}

}  // namespace pipeline
