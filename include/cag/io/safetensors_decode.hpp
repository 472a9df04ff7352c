#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include <ATen/ops/empty.h>

#include <cag/detail/safetensors_header.hpp>
#include <cag/detail/safetensors_types.hpp>
#include <cag/error.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// Bytes read once from front to back: `read` fills a buffer or throws, `name` is for messages.
/// Not checkable here: `size` is all that can be read.
template <typename S>
concept ByteSource = requires(S source, const S constant, char* buffer, std::uint64_t count) {
  source.read(buffer, count);
  { constant.size() } -> std::convertible_to<std::uint64_t>;
  { constant.name() } -> std::convertible_to<std::string>;
};

/// Reads the header at the front of `source`, and nothing behind it.
template <ByteSource S>
detail::SafetensorsHeader decode_safetensors_header(S& source) {
  const std::string what = source.name();
  const std::uint64_t size = source.size();
  std::string prefix(std::min(size, detail::kHeaderPrefix), '\0');
  source.read(prefix.data(), prefix.size());
  std::string text(detail::safetensors_header_length(prefix, size, what), '\0');
  source.read(text.data(), text.size());
  return detail::SafetensorsHeaderParser(text, size - detail::kHeaderPrefix - text.size(), what)
      .parse();
}

/// Tensors that own their memory, read one by one, so that no second copy of the data exists.
/// Throws CheckpointError for anything that is not a strict safetensors file.
template <ByteSource S>
TensorMap decode_safetensors(S& source) {
  TensorMap tensors;
  for (const auto& stored : decode_safetensors_header(source).tensors) {
    auto tensor = at::empty(stored.shape, at::TensorOptions(detail::scalar_type(stored.type)));
    const auto count = stored.end - stored.begin;
    if (count > 0) {
      auto* bytes = static_cast<char*>(tensor.mutable_data_ptr());
      source.read(bytes, count);
      // Any other byte in a bool is undefined behaviour later.
      if (tensor.scalar_type() == c10::ScalarType::Bool &&
          !std::all_of(bytes, bytes + count, [](char byte) { return byte == 0 || byte == 1; })) {
        throw CheckpointError("{}: tensor \"{}\": expected BOOL bytes 0 and 1, found others",
                              source.name(), stored.name);
      }
    }
    tensors.emplace(stored.name, std::move(tensor));
  }
  return tensors;
}

}  // namespace cag
