#pragma once

#include "streets/brush.hpp"
#include "streets/random.hpp"
#include "streets/style.hpp"

namespace streets {

/// Each stands on the ground at the origin of the brush and looks along z. The length is returned
/// where it varies, in metres.
float draw_car(const Brush& brush, const Style& style, Random& random);
float draw_truck(const Brush& brush, const Style& style, Random& random);
float draw_bus(const Brush& brush, const Style& style, Random& random);
float draw_train(const Brush& brush, const Style& style, Random& random);
void draw_motorcycle(const Brush& brush, const Style& style, Random& random);
void draw_bicycle(const Brush& brush, const Style& style, Random& random);

}  // namespace streets
