#pragma once

#include <array>
#include <optional>
#include <utility>

#include <c10/core/ScalarType.h>

#include <cag/detail/safetensors_header.hpp>

namespace cag::detail {

/// In the order of kStoredTypes.
inline constexpr std::array<c10::ScalarType, kStoredTypes.size()> kScalarTypes{
    c10::ScalarType::Double,   c10::ScalarType::Float, c10::ScalarType::Half,
    c10::ScalarType::BFloat16, c10::ScalarType::Long,  c10::ScalarType::Int,
    c10::ScalarType::Short,    c10::ScalarType::Char,  c10::ScalarType::Byte,
    c10::ScalarType::Bool};

inline c10::ScalarType scalar_type(const StoredType& stored) {
  const auto* found = std::find(kStoredTypes.begin(), kStoredTypes.end(), stored);
  return kScalarTypes[static_cast<std::size_t>(found - kStoredTypes.begin())];
}

/// None where the format has no such type.
inline std::optional<StoredType> stored_type(c10::ScalarType type) {
  const auto* found = std::find(kScalarTypes.begin(), kScalarTypes.end(), type);
  if (found == kScalarTypes.end()) return std::nullopt;
  return kStoredTypes[static_cast<std::size_t>(found - kScalarTypes.begin())];
}

}  // namespace cag::detail
