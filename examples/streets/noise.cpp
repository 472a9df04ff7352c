#include "streets/noise.hpp"

#define STB_PERLIN_IMPLEMENTATION
#include <stb/stb_perlin.h>

namespace streets {

float fractal_noise(const Vec& position, int octaves) {
  // Half the sum of octaves: stays within +-0.5 but for rare peaks.
  return 0.5F *
         stb_perlin_fbm_noise3(position.x(), position.y(), position.z(), 2.0F, 0.5F, octaves);
}

}  // namespace streets
