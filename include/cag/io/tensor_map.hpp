#pragma once

#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace cag {

/// Named tensors, in the order of their names.
using TensorMap = std::map<std::string, at::Tensor>;

}  // namespace cag
