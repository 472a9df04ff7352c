#pragma once

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "cuda/block.hpp"

namespace cag::kernels::test {

/// What the threads of a block have in common.
class BlockState {
 public:
  BlockState(std::int64_t index, std::int64_t count, int threads, std::int64_t shared_bytes)
      : index(index), count(count), threads(threads), barrier(threads) {
    for (int first = 0; first < threads; first += cuda::kWarp)
      warps.emplace_back(std::min(cuda::kWarp, threads - first));
    // As large as it has to be, so that AddressSanitizer sees what lies beyond; and not a number.
    shared = ::operator new(static_cast<std::size_t>(shared_bytes), kAlignment);
    std::memset(shared, 0xFF, static_cast<std::size_t>(shared_bytes));
  }
  BlockState(const BlockState&) = delete;
  ~BlockState() { ::operator delete(shared, kAlignment); }

  /// Where lanes leave what others read.
  struct Warp {
    explicit Warp(int lanes) : barrier(lanes), lanes(lanes) {}
    std::barrier<> barrier;
    int lanes;
    std::uint64_t value[cuda::kWarp] = {};
  };

  std::int64_t index, count;
  int threads;
  std::barrier<> barrier;
  std::deque<Warp> warps;
  void* shared;

 private:
  static constexpr std::align_val_t kAlignment{16};
};

/// A thread of a block as kernel bodies see it (kernels/cuda/block.hpp), on a thread of the CPU.
class HostBlock {
 public:
  HostBlock(BlockState& state, int thread) : state_(&state), thread_(thread) {}

  int thread() const { return thread_; }
  int threads() const { return state_->threads; }
  std::int64_t index() const { return state_->index; }
  std::int64_t count() const { return state_->count; }
  void* shared() const { return state_->shared; }

  void barrier() const { state_->barrier.arrive_and_wait(); }

  template <typename T>
  T shuffle_down(T value, int by) const {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    auto& warp = state_->warps[static_cast<std::size_t>(thread_ / cuda::kWarp)];
    const int lane = thread_ % cuda::kWarp;
    std::memcpy(&warp.value[lane], &value, sizeof value);
    warp.barrier.arrive_and_wait();
    if (lane + by < warp.lanes) std::memcpy(&value, &warp.value[lane + by], sizeof value);
    warp.barrier.arrive_and_wait();
    return value;
  }

  template <typename T>
  T add(T* to, T value) const {
    return std::atomic_ref(*to).fetch_add(value, std::memory_order_relaxed);
  }

  void min(std::uint32_t* to, std::uint32_t value) const {
    std::atomic_ref all(*to);
    auto least = all.load();
    while (value < least && !all.compare_exchange_weak(least, value)) {
    }
  }
  void max(std::uint32_t* to, std::uint32_t value) const {
    std::atomic_ref all(*to);
    auto most = all.load();
    while (value > most && !all.compare_exchange_weak(most, value)) {
    }
  }

  /// What was begun arrives at the latest moment.
  void begin_copy(cuda::Four* to, const cuda::Four* from) const { copies_.emplace_back(to, from); }
  void end_copies() const {
    for (const auto& [to, from] : copies_) *to = *from;
    copies_.clear();
  }

  float from_float16(std::uint16_t bits) const {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const float size = exponent == 31 ? fraction == 0 ? HUGE_VALF : NAN
                       : exponent == 0
                           ? std::ldexp(static_cast<float>(fraction), -24)
                           : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
    return (bits & 0x8000) != 0 ? -size : size;
  }
  std::uint16_t to_float16(float value) const {
    const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
    const float size = std::abs(value);
    if (std::isnan(value)) return 0x7FFF;
    if (size >= 65520) return sign | 0x7C00;
    // In units of its last place, rounded to even as nearbyint does.
    int exponent = size == 0 ? -14 : std::max(std::ilogb(size), -14);
    auto units = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));
    if (units == 2048) units = 1024, ++exponent;
    const int bits = units < 1024 ? units : (exponent + 15) << 10 | (units - 1024);
    return static_cast<std::uint16_t>(sign | bits);
  }

 private:
  BlockState* state_;
  int thread_;
  mutable std::vector<std::pair<cuda::Four*, const cuda::Four*>> copies_;
};

/// Runs body(block) on every thread of that many blocks, all at the same time.
template <typename Body>
void run_blocks(std::int64_t blocks, int threads, std::int64_t shared_bytes, const Body& body) {
  std::deque<BlockState> states;
  std::vector<std::jthread> running;
  for (std::int64_t i = 0; i < blocks; ++i) {
    auto& state = states.emplace_back(i, blocks, threads, shared_bytes);
    for (int t = 0; t < threads; ++t)
      running.emplace_back([&body, block = HostBlock(state, t)] { body(block); });
  }
}

/// As a launch does, but with two blocks at most, which have to stride over the tasks.
template <typename Body>
void launch(std::int64_t tasks, int threads, std::int64_t shared_bytes, const Body& body) {
  run_blocks(std::min<std::int64_t>(tasks, 2), threads, shared_bytes, body);
}

}  // namespace cag::kernels::test
