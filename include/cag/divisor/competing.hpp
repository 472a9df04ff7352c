#pragma once

#include <cstdint>
#include <string_view>

namespace cag::divisor {

/// The class means that are in the sum.
struct Competing {
  static constexpr std::string_view kName = "competing";

  std::int64_t operator()(std::int64_t, std::int64_t competing) const { return competing; }
};

}  // namespace cag::divisor
