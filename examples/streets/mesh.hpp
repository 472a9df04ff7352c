#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "streets/category.hpp"
#include "streets/material.hpp"

namespace streets {

/// A point of a surface.
struct Vertex {
  Vec position;
  Vec normal;
  Vec2 place;  ///< along the surface, in metres
};

/// What a triangle is made of, and what it shows.
struct Surface {
  Category category;
  Material material;
};

/// All triangles of a scene.
struct Mesh {
  std::vector<Vertex> vertices;
  std::vector<std::array<std::uint32_t, 3>> triangles;
  std::vector<std::uint32_t> surface_of;  ///< of each triangle
  std::vector<Surface> surfaces;

  const Surface& surface(std::uint32_t triangle) const { return surfaces[surface_of[triangle]]; }
};

}  // namespace streets
