#pragma once

#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cag/detail/xxh64.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag::detail {

/// Takes in names, types, shapes and bytes.
inline void hash_tensors(Xxh64& hash, const TensorMap& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const auto plain = tensor.detach().cpu().contiguous();
    hash.update(fmt::format("{} {} {} ", name, c10::toString(plain.scalar_type()),
                            fmt::join(plain.sizes().vec(), "x")));
    hash.update({static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()});
  }
}

}  // namespace cag::detail
