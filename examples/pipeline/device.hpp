#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <cag/error.hpp>

namespace pipeline {

/// The device of a name such as "cpu" or "cuda:1", after a first use of it.
/// @throws cag::UsageError where there is no such device or LibTorch cannot use it
inline at::Device device_of(const std::string& name) {
  const auto refused = [&](const std::string& reason) {
    return cag::UsageError(
        "device: expected cpu, or a cuda or cuda:N that this machine has, got {} ({})", name,
        reason);
  };
  const std::string_view number =
      std::string_view(name).substr(std::min<std::size_t>(5, name.size()));
  const bool numbered = name.starts_with("cuda:") && !number.empty() && number.size() <= 3 &&
                        number.find_first_not_of("0123456789") == std::string_view::npos;
  if (name != "cpu" && name != "cuda" && !numbered)
    throw cag::UsageError("device: expected cpu, cuda or cuda:N, got {}", name);
  try {
    const at::Device device(name);
    if (device.is_cuda() && !at::hasCUDA()) throw refused("this LibTorch is without CUDA");
    if (const auto count = device.is_cuda() ? at::getNumGPUs() : std::size_t{1};
        device.has_index() && static_cast<std::size_t>(device.index()) >= count)
      throw refused(fmt::format("there are {}", count));
    at::zeros({1}, device);
    return device;
  } catch (const c10::Error& error) {
    const std::string reason = error.what_without_backtrace();
    throw refused(reason.substr(0, reason.find('\n')));
  }
}

}  // namespace pipeline
