#pragma once

#include <exception>
#include <string>

namespace cag::detail {

/// What an error says, without the backtrace that LibTorch puts below. TorchScript's begin with
/// an empty line.
inline std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  const auto begin = text.find_first_not_of('\n');
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace cag::detail
