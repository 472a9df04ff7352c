#pragma once

#include <cstddef>
#include <vector>

#include <cag/data/image_size.hpp>

#include "streets/category.hpp"
#include "streets/random.hpp"
#include "streets/scene.hpp"

namespace streets {

/// What falls on the sensor, row by row.
struct Picture {
  cag::ImageSize size;
  std::vector<Vec> light;      ///< linear, no upper limit
  std::vector<Category> seen;  ///< at the middle of each pixel
  std::vector<float> depth;    ///< metres along the middle ray; infinite for sky

  std::size_t pixels() const { return light.size(); }
};

/// Traces `samples` x `samples` rays for each pixel.
Picture render(const Scene& scene, const cag::ImageSize& size, int samples, Random& random);

}  // namespace streets
