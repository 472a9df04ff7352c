#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace common {

/// Accepts decimal integers in a range, as they are written: no octal, no overflow, no empty text.
inline CLI::Validator whole_number(std::int64_t low, std::int64_t high) {
  return CLI::Validator(
      [low, high](const std::string& text) {
        std::int64_t value = 0;
        const auto* end = text.data() + text.size();
        const auto [parsed, error] = std::from_chars(text.data(), end, value);
        const auto digits = text.find_first_not_of('-');
        const bool octal = text.size() > 1 && digits != text.npos && text[digits] == '0';
        if (error == std::errc{} && parsed == end && value >= low && value <= high && !octal)
          return std::string();
        return fmt::format("expected a whole number from {} to {}, got \"{}\"", low, high, text);
      },
      "");
}

}  // namespace common
