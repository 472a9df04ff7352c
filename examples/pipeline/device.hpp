#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

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
  constexpr std::string_view kNumbered = "cuda:";
  std::size_t number = 0;
  if (name.starts_with(kNumbered)) {
    const auto* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kNumbered.size(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) throw refused("no number of a device");
  } else if (name != "cpu" && name != "cuda") {
    throw refused("no device of that name");
  }
  if (name != "cpu") {
    if (!at::hasCUDA()) throw refused("this LibTorch is without CUDA");
    if (const auto count = at::getNumGPUs(); number >= count)
      throw refused(fmt::format("there are {}", count));
  }
  try {
    const at::Device device(name);
    at::zeros({1}, device);
    return device;
  } catch (const c10::Error& error) {
    const std::string reason = error.what_without_backtrace();
    throw refused(reason.substr(0, reason.find('\n')));
  }
}

}  // namespace pipeline
