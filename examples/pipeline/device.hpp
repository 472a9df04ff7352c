#pragma once

#include <string>

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <cag/error.hpp>

namespace pipeline {

/// The device of a name such as "cpu" or "cuda:1", after a first use of it.
/// @throws cag::UsageError where there is no such device or LibTorch cannot use it
inline at::Device device_of(const std::string& name) {
  try {
    const at::Device device(name);
    if (!device.is_cpu() && !device.is_cuda())
      throw cag::UsageError("device: expected cpu, cuda or cuda:N, got {}", name);
    at::zeros({1}, device);
    return device;
  } catch (const c10::Error& error) {
    const std::string reason = error.what_without_backtrace();
    throw cag::UsageError(
        "device: expected cpu, or a cuda or cuda:N that this machine has, got {} ({})", name,
        reason.substr(0, reason.find('\n')));
  }
}

}  // namespace pipeline
