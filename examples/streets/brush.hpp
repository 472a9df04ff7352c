#pragma once

#include <numbers>
#include <vector>

#include <Eigen/Geometry>

#include "streets/mesh.hpp"

namespace streets {

inline constexpr float kTurn = 2 * std::numbers::pi_v<float>;  ///< radians

/// Draws shapes of one surface into a mesh, in a frame of its own: x to the right, y up, z ahead.
/// A value: `at` and `of` give changed copies.
class Brush {
 public:
  explicit Brush(Mesh& mesh) : mesh_(&mesh) {}

  /// Moved by `offset`, then turned about the vertical by `yaw` (0: looks along z).
  Brush at(const Vec& offset, float yaw = 0) const;
  Brush of(Category category, const Material& material) const;
  Brush of(const Material& material) const { return of(category_, material); }

  /// Of the frame from the scene's origin, m.
  float distance() const { return frame_.translation().norm(); }

  /// A flat four-sided face; `place` runs along a-b and a-d.
  void quad(const Vec& a, const Vec& b, const Vec& c, const Vec& d) const;
  void triangle(const Vec& a, const Vec& b, const Vec& c) const;
  /// A flat face with the corners in turn, convex.
  void polygon(const std::vector<Vec>& corners) const;
  /// Along the axes, from its lowest to its highest corner.
  void box(const Vec& low, const Vec& high) const;
  /// A round bar from `a` to `b`.
  void tube(const Vec& a, const Vec& b, float radius_a, float radius_b, int sides = 8) const;
  /// A closed flat disc that faces `normal`; `place` is measured from its centre.
  void disc(const Vec& centre, const Vec& normal, float radius, int sides = 20) const;
  /// A bent bar about `axis`: a tyre.
  void ring(const Vec& centre, const Vec& axis, float radius, float thickness,
            int sides = 20) const;
  /// An ellipsoid, pushed in and out by up to `roughness` of its radius.
  void blob(const Vec& centre, const Vec& radii, float roughness = 0, float seed = 0,
            int detail = 8) const;
  /// The side view `outline` (z, y), all of which its first point sees, between two widths; `taper`
  /// draws the two sides in above `taper_from`.
  void hull(const std::vector<Vec2>& outline, float half_width, float taper_from,
            float taper) const;

 private:
  std::uint32_t add(const Vec& position, const Vec& normal, const Vec2& place) const;
  void add_triangle(std::uint32_t a, std::uint32_t b, std::uint32_t c) const;

  Mesh* mesh_;
  Eigen::Affine3f frame_ = Eigen::Affine3f::Identity();
  Category category_ = Category::kRoad;
  std::uint32_t surface_ = 0;
};

}  // namespace streets
