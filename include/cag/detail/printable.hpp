#pragma once

#include <string>

namespace cag::detail {

/// For a message or a terminal: names from files may hold control characters.
inline std::string printable(std::string text) {
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return text;
}

}  // namespace cag::detail
