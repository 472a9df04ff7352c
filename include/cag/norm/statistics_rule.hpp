#pragma once

#include <concepts>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace cag {

/// Which batch-norm statistics a frozen network looks at a domain with: (network, range of image
/// batches of that domain [N, 3, H, W]).
/// Not checkable here: parameters and train/eval modes stay as they are.
template <typename S, typename B>
concept StatisticsRule = std::copy_constructible<S> &&
    requires(const S rule, B& net, const std::vector<at::Tensor>& batches) {
  rule(net, batches);
  { S::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag
