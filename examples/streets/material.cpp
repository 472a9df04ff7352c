#include "streets/material.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "streets/noise.hpp"

namespace streets {
namespace {

/// Where a point lies among repeated cells: which one, and how far inside, in metres.
struct Cell {
  float column, row;
  Vec2 inside;

  static Cell of(const Vec2& place, const Vec2& size, bool shift_rows) {
    const float row = std::floor(place.y() / size.y());
    const float shift = shift_rows && std::fmod(std::abs(row), 2.0F) > 0.5F ? size.x() / 2 : 0;
    const float column = std::floor((place.x() + shift) / size.x());
    return {column, row, {place.x() + shift - column * size.x(), place.y() - row * size.y()}};
  }

  /// In [0, 1), equal for all points of the cell.
  float chance(std::uint32_t salt) const {
    return hash01(static_cast<std::int32_t>(column), static_cast<std::int32_t>(row), salt);
  }
};

Vec mix(const Vec& a, const Vec& b, float share) { return a + share * (b - a); }

Vec plates(const Material& m, const Vec2& place, bool shift_rows) {
  const auto cell = Cell::of(place, m.cell, shift_rows);
  if (cell.inside.x() < m.joint || cell.inside.y() < m.joint) return m.second;
  return m.colour * (0.85F + 0.3F * cell.chance(1));
}

Paint windows(const Material& m, const Vec2& place) {
  const auto cell = Cell::of(place, m.cell, false);
  const Vec2 centre = cell.inside - m.cell / 2;
  const Vec2 half = m.joint * m.cell / 2;
  const bool ground = cell.row < 0.5F;  // taller panes, as of shops
  const float reach = ground ? 1.25F : 1.0F;
  const float beyond =
      std::max(std::abs(centre.x()) - half.x(), std::abs(centre.y()) - half.y() * reach);
  if (beyond > 0.12F) return {m.colour, 0, Vec::Zero()};
  if (beyond > 0) return {mix(m.colour, Vec::Constant(0.7F), 0.6F), 0, Vec::Zero()};  // the frame
  if (std::abs(centre.x()) < 0.04F)
    return {mix(m.colour, Vec::Constant(0.6F), 0.5F), 0, Vec::Zero()};
  const float curtain = cell.chance(2);
  const Vec pane = curtain > 0.7F ? mix(m.second, Vec::Constant(0.5F), 0.5F) : m.second;
  const bool lit = cell.chance(3) < 0.35F;
  return {pane, m.mirror, lit ? Vec(m.glow * Vec(1.0F, 0.75F, 0.4F)) : Vec(Vec::Zero())};
}

}  // namespace

Paint paint_at(const Material& m, const Vec2& place, const Vec& position) {
  Paint paint{m.colour, m.mirror, m.glow * m.colour};
  const Vec where = position.cwiseQuotient(Vec(m.cell.x(), m.cell.x(), m.cell.x()));
  switch (m.pattern) {
    case Pattern::kPlain:
      break;
    case Pattern::kMottled:
      paint.colour =
          mix(m.colour, m.second, std::clamp(0.5F + fractal_noise(where, 4), 0.0F, 1.0F));
      break;
    case Pattern::kGrainy: {
      const float grain = hash01(static_cast<std::int32_t>(std::floor(place.x() * 40)),
                                 static_cast<std::int32_t>(std::floor(place.y() * 40)), 4);
      const float share = 0.5F + fractal_noise(where, 3) + 0.5F * (grain - 0.5F);
      paint.colour = mix(m.colour, m.second, std::clamp(share, 0.0F, 1.0F));
      break;
    }
    case Pattern::kSlabs:
      paint.colour = plates(m, place, false);
      break;
    case Pattern::kBricks:
      paint.colour = plates(m, place, true);
      break;
    case Pattern::kWindows:
      paint = windows(m, place);
      break;
    case Pattern::kStripes:
      if (Cell::of(place, m.cell, false).inside.x() < m.joint) paint.colour = m.second;
      break;
    case Pattern::kRings:
      if (place.norm() > m.joint) paint.colour = m.second;
      break;
  }
  if (m.stain > 0)
    paint.colour *= std::max(0.1F, 1 + m.stain * 2 * fractal_noise(position * 0.7F, 4));
  return paint;
}

}  // namespace streets
