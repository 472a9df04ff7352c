#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cag::test {

/// A PNG put together byte by byte, without the codec under test.
struct CraftedPng {
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  int bit_depth = 8;
  int colour_type = 0;             // 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha
  std::string rows = {};           // the samples, packed, without filter bytes
  std::string palette = {};        // PLTE bytes
  std::string before_pixels = {};  // whole chunks
  bool interlaced = false;  // then `rows` are the bytes of the Adam7 passes with filter bytes

  static std::string big_endian(std::uint32_t value) {
    std::string bytes(4, '\0');
    for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(i)] = char(value >> (24 - 8 * i));
    return bytes;
  }

  static std::string chunk(const std::string& type, const std::string& data) {
    std::uint32_t crc = 0xffffffff;
    for (const char c : type + data) {
      crc ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return big_endian(static_cast<std::uint32_t>(data.size())) + type + data + big_endian(~crc);
  }

  // A zlib stream of stored blocks.
  static std::string stored(const std::string& data) {
    std::string stream = "\x78\x01";
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (const char c : data) {
      a = (a + static_cast<unsigned char>(c)) % 65521;
      b = (b + a) % 65521;
    }
    for (std::size_t at = 0; at < data.size(); at += 65535) {
      const std::string block = data.substr(at, 65535);
      stream += char(at + 65535 >= data.size());
      for (const auto n : {block.size(), ~block.size()}) stream += {char(n), char(n >> 8)};
      stream += block;
    }
    return stream + big_endian(b << 16 | a);
  }

  std::string bytes() const {
    std::string header = big_endian(width) + big_endian(height);
    header += {char(bit_depth), char(colour_type), 0, 0, char(interlaced)};
    std::string filtered;
    const std::size_t stride = rows.size() / height;
    for (std::size_t y = 0; !interlaced && y < height; ++y) {
      filtered += '\0' + rows.substr(y * stride, stride);
    }
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + before_pixels +
           (palette.empty() ? "" : chunk("PLTE", palette)) +
           chunk("IDAT", stored(interlaced ? rows : filtered)) + chunk("IEND", "");
  }
};

/// Bytes from numbers.
inline std::string bytes_of(const std::vector<int>& values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

}  // namespace cag::test
