#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "streets/mesh.hpp"

namespace streets {

/// What a ray meets first.
struct Hit {
  float distance;
  std::uint32_t triangle;
  Vec normal;  ///< towards the ray
  Vec2 place;  ///< along the surface
};

/// Finds where rays meet a mesh, which has to outlive it. One thread.
class Tracer {
 public:
  explicit Tracer(const Mesh& mesh);

  /// @param direction  of length 1
  std::optional<Hit> first(const Vec& origin, const Vec& direction) const;
  bool blocked(const Vec& origin, const Vec& direction) const;

 private:
  const Mesh& mesh_;
  struct Index;
  std::shared_ptr<const Index> index_;
};

}  // namespace streets
