#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

// The body of a kernel is a template over the block that it runs in: DeviceBlock on the device,
// the tests' HostBlock on threads of the CPU. A block has
//
//   int thread(), threads()            of this block, in one dimension; warps of 32
//   int64_t index(), count()           of blocks
//   void* shared()                     memory of the block, aligned to 16 bytes, of unknown content
//   void barrier()                     reached by every thread of the block
//   T shuffle_down(T value, int by)    of the lane `by` further, reached by every thread of the
//   warp int add(int*, int)                 atomic, and int64_t add(int64_t*, int64_t) void
//   begin_copy(Four* shared, const Four*), end_copies()
//                                      of global memory; to be seen by this thread from then on
//   int opaque(int value)              the value, of which the compiler knows nothing: what depends
//   on
//                                      it is computed anew, and not kept in registers
//   float from_float16(uint16_t)       of a half's bits
//
// Compiled as device code, and by any compiler of C++17 as the host's.
#ifdef __CUDACC__
#define CAG_KERNELS_DEVICE __device__ inline
#define CAG_KERNELS_BOTH __host__ __device__
#define CAG_KERNELS_UNROLL _Pragma("unroll")
#define CAG_KERNELS_UNROLL_4 _Pragma("unroll 4")
#else
#define CAG_KERNELS_DEVICE inline
#define CAG_KERNELS_BOTH
#define CAG_KERNELS_UNROLL
#define CAG_KERNELS_UNROLL_4
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
