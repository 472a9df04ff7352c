#pragma once

#include <mutex>
#include <string_view>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cag/error.hpp>

namespace cag {

/// The state of LibTorch's default CPU generator, [bytes] uint8: with it, the numbers that follow.
inline at::Tensor cpu_generator_state() {
  auto generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

/// Makes the default CPU generator go on from `state`. `what` names the state in messages.
/// Throws CheckpointError where it is not a state of such a generator; then nothing has changed.
inline void set_cpu_generator_state(const at::Tensor& state, std::string_view what) {
  auto generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  const auto present = generator.get_state();
  if (!state.defined() || state.scalar_type() != at::kByte || state.sizes() != present.sizes()) {
    throw CheckpointError("{}: expected a generator state of {} bytes, found {}", what,
                          present.numel(),
                          state.defined() ? fmt::format("{} numbers of type {}", state.numel(),
                                                        c10::toString(state.scalar_type()))
                                          : "none");
  }
  try {
    generator.set_state(state.cpu().contiguous());
  } catch (const c10::Error& error) {
    throw CheckpointError("{}: not a state of the CPU generator: {}", what,
                          error.what_without_backtrace());
  }
}

}  // namespace cag
