#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

// The body of a kernel is a template over the block that it runs in: DeviceBlock on the device,
// the tests' HostBlock on threads of the CPU. A block has
//
//   thread(), threads()      int: of this block, in one dimension; warps of 32
//   index(), count()         int64_t: of blocks
//   shared()                 void*: memory of the block, aligned to 16 bytes, of unknown content
//   barrier()                reached by every thread of the block
//   shuffle_down(value, by)  of the lane `by` further, reached by every thread of the warp
//   add(to, value)           atomic, of int and int64_t: what was there
//   min(to, value), max(to, value)
//                            atomic, of uint32_t
//   begin_copy(to, from)     of a Four of global memory to shared memory
//   end_copies()             what was begun is seen by this thread from then on
//   from_float16(bits), to_float16(value)
//                            of a half's bits; rounded to the nearest
//
// Compiled as device code, and by any compiler of C++17 as the host's.
#ifdef __CUDACC__
#define CAG_KERNELS_DEVICE __device__ inline
#define CAG_KERNELS_BOTH __host__ __device__
#define CAG_KERNELS_UNROLL _Pragma("unroll")
#define CAG_KERNELS_ROLLED _Pragma("unroll 1")
#define CAG_KERNELS_UNROLL_8 _Pragma("unroll 8")
#else
#define CAG_KERNELS_DEVICE inline
#define CAG_KERNELS_BOTH
#define CAG_KERNELS_UNROLL
#define CAG_KERNELS_ROLLED
#define CAG_KERNELS_UNROLL_8
#endif

namespace cag::kernels::cuda {

constexpr int kWarp = 32;

/// Read and written at once.
struct alignas(16) Four {
  float value[4];
};

CAG_KERNELS_DEVICE float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

CAG_KERNELS_DEVICE std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

CAG_KERNELS_DEVICE std::uint32_t bits_of(std::uint16_t half) { return half; }

}  // namespace cag::kernels::cuda
