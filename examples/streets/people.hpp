#pragma once

#include "streets/brush.hpp"
#include "streets/random.hpp"
#include "streets/style.hpp"

namespace streets {

/// Walks or stands at the origin of the brush and looks along z.
void draw_person(const Brush& brush, const Style& style, Random& random);

/// Sits on a bicycle or a motorcycle that stands at the origin and looks along z.
void draw_rider(const Brush& brush, const Style& style, Random& random, bool motorcycle);

}  // namespace streets
