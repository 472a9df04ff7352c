#include "streets/brush.hpp"

#include <cmath>
#include <cstddef>

#include "streets/noise.hpp"

namespace streets {
namespace {

/// Two directions at right angles to `axis` and each other.
std::pair<Vec, Vec> across(const Vec& axis) {
  const Vec u = axis.unitOrthogonal();
  return {u, axis.normalized().cross(u)};
}

}  // namespace

Brush Brush::at(const Vec& offset, float yaw) const {
  Brush moved = *this;
  moved.frame_ = frame_ * Eigen::Translation3f(offset) * Eigen::AngleAxisf(yaw, Vec::UnitY());
  return moved;
}

Brush Brush::of(Category category, const Material& material) const {
  Brush other = *this;
  other.category_ = category;
  other.surface_ = static_cast<std::uint32_t>(mesh_->surfaces.size());
  mesh_->surfaces.push_back({category, material});
  return other;
}

std::uint32_t Brush::add(const Vec& position, const Vec& normal, const Vec2& place) const {
  mesh_->vertices.push_back({frame_ * position, frame_.linear() * normal, place});
  return static_cast<std::uint32_t>(mesh_->vertices.size() - 1);
}

void Brush::add_triangle(std::uint32_t a, std::uint32_t b, std::uint32_t c) const {
  mesh_->triangles.push_back({a, b, c});
  mesh_->surface_of.push_back(surface_);
}

void Brush::quad(const Vec& a, const Vec& b, const Vec& c, const Vec& d) const {
  const Vec normal = (b - a).cross(d - a).normalized();
  const Vec u = (b - a).normalized();
  const Vec v = normal.cross(u);
  const auto corner = [&](const Vec& p) {
    return add(p, normal, {(p - a).dot(u), (p - a).dot(v)});
  };
  const auto [i, j, k, l] = std::array{corner(a), corner(b), corner(c), corner(d)};
  add_triangle(i, j, k);
  add_triangle(i, k, l);
}

void Brush::triangle(const Vec& a, const Vec& b, const Vec& c) const { polygon({a, b, c}); }

void Brush::polygon(const std::vector<Vec>& corners) const {
  const Vec& a = corners[0];
  const Vec normal = (corners[1] - a).cross(corners[2] - a).normalized();
  const Vec u = (corners[1] - a).normalized();
  const Vec v = normal.cross(u);
  std::vector<std::uint32_t> index;
  for (const Vec& p : corners) index.push_back(add(p, normal, {(p - a).dot(u), (p - a).dot(v)}));
  for (std::size_t i = 2; i < index.size(); ++i) add_triangle(index[0], index[i - 1], index[i]);
}

void Brush::box(const Vec& low, const Vec& high) const {
  const auto p = [&](int x, int y, int z) {
    return Vec(x ? high.x() : low.x(), y ? high.y() : low.y(), z ? high.z() : low.z());
  };
  quad(p(0, 0, 0), p(1, 0, 0), p(1, 1, 0), p(0, 1, 0));
  quad(p(1, 0, 1), p(0, 0, 1), p(0, 1, 1), p(1, 1, 1));
  quad(p(0, 0, 1), p(0, 0, 0), p(0, 1, 0), p(0, 1, 1));
  quad(p(1, 0, 0), p(1, 0, 1), p(1, 1, 1), p(1, 1, 0));
  quad(p(0, 1, 0), p(1, 1, 0), p(1, 1, 1), p(0, 1, 1));
  quad(p(0, 0, 1), p(1, 0, 1), p(1, 0, 0), p(0, 0, 0));
}

void Brush::tube(const Vec& a, const Vec& b, float radius_a, float radius_b, int sides) const {
  const auto [u, v] = across(b - a);
  const float length = (b - a).norm();
  std::uint32_t low = 0, high = 0;
  for (int i = 0; i <= sides; ++i) {
    const float angle = kTurn * static_cast<float>(i) / static_cast<float>(sides);
    const Vec out = std::cos(angle) * u + std::sin(angle) * v;
    const auto next_low = add(a + radius_a * out, out, {angle * radius_a, 0});
    const auto next_high = add(b + radius_b * out, out, {angle * radius_a, length});
    if (i > 0) {
      add_triangle(low, next_low, next_high);
      add_triangle(low, next_high, high);
    }
    low = next_low;
    high = next_high;
  }
  if (radius_b > 0) disc(b, b - a, radius_b, sides);
  if (radius_a > 0) disc(a, a - b, radius_a, sides);
}

void Brush::disc(const Vec& centre, const Vec& normal, float radius, int sides) const {
  const auto [u, v] = across(normal);
  const Vec out = normal.normalized();
  const auto middle = add(centre, out, {0, 0});
  std::uint32_t before = 0;
  for (int i = 0; i <= sides; ++i) {
    const float angle = kTurn * static_cast<float>(i) / static_cast<float>(sides);
    const Vec2 place(radius * std::cos(angle), radius * std::sin(angle));
    const auto rim = add(centre + place.x() * u + place.y() * v, out, place);
    if (i > 0) add_triangle(middle, before, rim);
    before = rim;
  }
}

void Brush::ring(const Vec& centre, const Vec& axis, float radius, float thickness,
                 int sides) const {
  const auto [u, v] = across(axis);
  const auto at = [&](int i) {
    const float angle = kTurn * static_cast<float>(i) / static_cast<float>(sides);
    return Vec(centre + radius * (std::cos(angle) * u + std::sin(angle) * v));
  };
  for (int i = 0; i < sides; ++i) tube(at(i), at(i + 1), thickness, thickness, 5);
}

void Brush::blob(const Vec& centre, const Vec& radii, float roughness, float seed,
                 int detail) const {
  const int rows = detail, columns = 2 * detail;
  std::vector<std::uint32_t> before, now;
  for (int row = 0; row <= rows; ++row) {
    now.clear();
    const float latitude = kTurn / 2 * static_cast<float>(row) / static_cast<float>(rows);
    for (int column = 0; column <= columns; ++column) {
      const float angle = kTurn * static_cast<float>(column) / static_cast<float>(columns);
      const Vec out(std::sin(latitude) * std::cos(angle), std::cos(latitude),
                    std::sin(latitude) * std::sin(angle));
      const float push =
          roughness > 0 ? 1 + 2 * roughness * fractal_noise(2 * out + Vec::Constant(seed), 3) : 1;
      const Vec reach = push * out.cwiseProduct(radii);
      const Vec normal = out.cwiseQuotient(radii).normalized();
      now.push_back(add(centre + reach, normal, {angle * radii.x(), latitude * radii.y()}));
    }
    for (std::size_t i = 1; row > 0 && i < now.size(); ++i) {
      add_triangle(before[i - 1], before[i], now[i]);
      add_triangle(before[i - 1], now[i], now[i - 1]);
    }
    before = now;
  }
}

void Brush::hull(const std::vector<Vec2>& outline, float half_width, float taper_from,
                 float taper) const {
  const auto side = [&](const Vec2& p, float sign) {
    const float in = p.y() > taper_from ? taper * (p.y() - taper_from) : 0;
    return Vec(sign * (half_width - in), p.y(), p.x());
  };
  std::vector<Vec> left, right;
  for (const Vec2& p : outline) {
    left.push_back(side(p, -1));
    right.push_back(side(p, 1));
  }
  const std::size_t n = outline.size();
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t j = (i + 1) % n;
    quad(left[i], left[j], right[j], right[i]);
  }
  for (std::size_t i = 2; i < n; ++i) {
    triangle(left[0], left[i - 1], left[i]);
    triangle(right[0], right[i], right[i - 1]);
  }
}

}  // namespace streets
