#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include <c10/core/ScalarType.h>

namespace cag::detail {

/// What torch.save calls the storages of a type.
inline constexpr std::pair<std::string_view, c10::ScalarType> kStorageTypes[] = {
    {"FloatStorage", c10::ScalarType::Float}, {"DoubleStorage", c10::ScalarType::Double},
    {"HalfStorage", c10::ScalarType::Half},   {"BFloat16Storage", c10::ScalarType::BFloat16},
    {"LongStorage", c10::ScalarType::Long},   {"IntStorage", c10::ScalarType::Int},
    {"ShortStorage", c10::ScalarType::Short}, {"CharStorage", c10::ScalarType::Char},
    {"ByteStorage", c10::ScalarType::Byte},   {"BoolStorage", c10::ScalarType::Bool}};

inline std::optional<c10::ScalarType> storage_type(std::string_view name) {
  for (const auto& [known, type] : kStorageTypes)
    if (known == name) return type;
  return std::nullopt;
}

inline std::optional<std::string_view> storage_name(c10::ScalarType type) {
  for (const auto& [name, known] : kStorageTypes)
    if (known == type) return name;
  return std::nullopt;
}

}  // namespace cag::detail
