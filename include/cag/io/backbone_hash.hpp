#pragma once

#include <string>

#include <fmt/format.h>
#include <torch/nn/module.h>

#include <cag/detail/tensor_hash.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// 16 hexadecimal digits that tell trained networks apart: of the parameters, not of the buffers,
/// so that batch-norm statistics re-estimated on another domain leave it as it is. It finds
/// mistakes, not forgery.
inline std::string backbone_hash(const torch::nn::Module& module) {
  TensorMap parameters;
  for (const auto& item : module.named_parameters()) parameters.emplace(item.key(), item.value());
  detail::Xxh64 hash;
  detail::hash_tensors(hash, parameters);
  return fmt::format("{:016x}", hash.digest());
}

}  // namespace cag
