#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace cag::detail {

inline constexpr auto kCrc32Table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) * 0xEDB88320U);
    table[i] = value;
  }
  return table;
}();

/// The checksum of zip files.
inline std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t state = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    state = kCrc32Table[(state ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (state >> 8);
  }
  return ~state;
}

}  // namespace cag::detail
