#pragma once

#include "streets/brush.hpp"
#include "streets/random.hpp"
#include "streets/style.hpp"

namespace streets {

/// Stands at the origin of the brush; its arm reaches along x.
void draw_street_lamp(const Brush& brush, const Style& style, Random& random);

/// Stand at the origin of the brush and face along z.
void draw_traffic_light(const Brush& brush, const Style& style, Random& random, float arm);
void draw_sign(const Brush& brush, const Style& style, Random& random);

/// A post without anything, as beside crossings.
void draw_bollard(const Brush& brush, const Style& style, Random& random);

}  // namespace streets
