#pragma once

#include "streets/brush.hpp"
#include "streets/random.hpp"
#include "streets/style.hpp"

namespace streets {

/// Grows at the origin of the brush.
void draw_tree(const Brush& brush, const Style& style, Random& random);
void draw_bush(const Brush& brush, const Style& style, Random& random);

/// From the origin along x.
void draw_hedge(const Brush& brush, const Style& style, Random& random, float length);

}  // namespace streets
