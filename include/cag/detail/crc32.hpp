#pragma once

#include <array>
#include <cstddef>
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

/// The checksum of zip files, of bytes given in pieces.
class Crc32 {
 public:
  void update(std::string_view bytes) {
    for (const char byte : bytes) {
      state_ = kCrc32Table[(state_ ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (state_ >> 8);
    }
  }

  std::uint32_t digest() const { return ~state_; }

 private:
  std::uint32_t state_ = 0xFFFFFFFFU;
};

inline std::uint32_t crc32(std::string_view bytes) {
  Crc32 crc;
  crc.update(bytes);
  return crc.digest();
}

}  // namespace cag::detail
