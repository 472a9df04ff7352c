#pragma once

#include "block.hpp"

namespace cag::kernels::cuda {

/// The block that a kernel runs in, see block.hpp.
struct DeviceBlock {
  __device__ int thread() const { return static_cast<int>(threadIdx.x); }
  __device__ int threads() const { return static_cast<int>(blockDim.x); }
  __device__ std::int64_t index() const { return blockIdx.x; }
  __device__ std::int64_t count() const { return gridDim.x; }

  __device__ void* shared() const {
    extern __shared__ Four memory[];
    return memory;
  }

  __device__ void barrier() const { __syncthreads(); }

  template <typename T>
  __device__ T shuffle_down(T value, int by) const {
    return __shfl_down_sync(0xFFFFFFFFU, value, by);
  }

  __device__ int add(int* to, int value) const { return atomicAdd(to, value); }
  __device__ std::int64_t add(std::int64_t* to, std::int64_t value) const {
    return static_cast<std::int64_t>(atomicAdd(reinterpret_cast<unsigned long long*>(to),
                                               static_cast<unsigned long long>(value)));
  }
  __device__ void min(std::uint32_t* to, std::uint32_t value) const { atomicMin(to, value); }
  __device__ void max(std::uint32_t* to, std::uint32_t value) const { atomicMax(to, value); }

  __device__ void begin_copy(Four* to, const Four* from) const {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(
                     static_cast<unsigned>(__cvta_generic_to_shared(to))),
                 "l"(__cvta_generic_to_global(from))
                 : "memory");
  }
  __device__ void end_copies() const { asm volatile("cp.async.wait_all;" ::: "memory"); }

  __device__ float from_float16(std::uint16_t bits) const {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
  }
  __device__ std::uint16_t to_float16(float value) const {
    std::uint16_t bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
  }
};

}  // namespace cag::kernels::cuda
