#pragma once

#include <cstdint>
#include <vector>

#include "streets/random.hpp"
#include "streets/render.hpp"
#include "streets/style.hpp"

namespace streets {

/// What a camera's lens, sensor and file format make of a picture.
/// @return red, green and blue of each pixel, row by row
std::vector<std::uint8_t> develop(const Picture& picture, const Optics& optics, Random& random);

}  // namespace streets
