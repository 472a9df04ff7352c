#pragma once

#include "streets/brush.hpp"
#include "streets/random.hpp"
#include "streets/style.hpp"

namespace streets {

/// A house whose front stands on the x axis, `width` wide, and reaches `depth` along z.
void draw_building(const Brush& brush, const Style& style, Random& random, float width,
                   float depth);

/// From the origin along x.
void draw_wall(const Brush& brush, const Style& style, Random& random, float length);
void draw_fence(const Brush& brush, const Style& style, Random& random, float length);

}  // namespace streets
