#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"

namespace cag::score {

struct StoredTensor {
  std::string type;  ///< as the file writes it: F64, I64, ...
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  ///< in the file
  std::uint64_t end = 0;
};

/// What a safetensors file holds, by name.
struct Safetensors {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads the header alone. Throws a Failure unless it is strictly well-formed and the tensors cover
/// the rest of the file exactly.
Safetensors read_header(const Bytes& bytes);

/// How LibTorch calls a type of the format.
std::string_view torch_name(std::string_view type);

/// "[2, 3]"
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace cag::score
