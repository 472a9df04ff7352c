#pragma once

#include <cmath>
#include <string>

#include <fmt/format.h>

namespace pipeline {

/// A share as "12.3", an unknown one as "-".
inline std::string percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.1f}", 100 * share);
}

}  // namespace pipeline
