#pragma once

#include <cstdint>
#include <string_view>

namespace cag::divisor {

/// All class means, those left out of the sum too (published code).
struct All {
  static constexpr std::string_view kName = "all";

  std::int64_t operator()(std::int64_t all, std::int64_t) const { return all; }
};

}  // namespace cag::divisor
