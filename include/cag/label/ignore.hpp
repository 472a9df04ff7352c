#pragma once

#include <cstdint>

namespace cag {

/// The label of a pixel without a category: unlabelled truth, an inactive pixel.
inline constexpr std::int64_t kIgnoreIndex = 250;

}  // namespace cag
