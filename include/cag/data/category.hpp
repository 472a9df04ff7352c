#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cag/data/colour.hpp>

namespace cag {

/// One category of a LabelTable.
struct Category {
  std::string name;
  Colour colour{};                ///< for pictures of label maps
  std::vector<std::int32_t> ids;  ///< in label files; predictions are written as the first
};

}  // namespace cag
