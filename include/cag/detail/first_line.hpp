#pragma once

#include <exception>
#include <string>

namespace cag::detail {

/// What an error says, without the backtrace that LibTorch puts below.
inline std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

}  // namespace cag::detail
