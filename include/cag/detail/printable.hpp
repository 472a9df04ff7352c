#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cag::detail {

/// Bytes at the start of UTF-8 text that a terminal acts on, 0 for none: a control character (C0,
/// DEL, C1), or one that turns the direction of writing.
inline std::size_t control_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (!text.empty() && (byte(0) < 0x20 || byte(0) == 0x7F)) return 1;
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;          // U+0080 to U+009F
  const bool embeds = byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE;    // U+202A to U+202E
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;  // U+2066 to U+2069
  return byte(0) == 0xE2 && (embeds || isolates) ? 3 : 0;
}

/// For a message or a terminal: names from files may hold control characters.
inline std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto control = control_length(text);
    result += control > 0 ? '?' : text.front();
    text.remove_prefix(control > 0 ? control : 1);
  }
  return result;
}

}  // namespace cag::detail
