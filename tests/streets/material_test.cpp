#include "streets/material.hpp"

#include <algorithm>

#include "catch.hpp"
#include "streets/noise.hpp"

using streets::Material;
using streets::Pattern;
using streets::Vec;
using streets::Vec2;

namespace {

Vec colour(const Material& material, float x, float y) {
  return streets::paint_at(material, {x, y}, Vec(x, y, 0)).colour;
}

}  // namespace

TEST_CASE("plates lie between joints, and bricks in rows shifted by half") {
  const Vec red(0.5F, 0, 0), grey = Vec::Constant(0.2F);
  Material m{
      .colour = red, .second = grey, .pattern = Pattern::kSlabs, .cell = {1, 0.5F}, .joint = 0.1F};
  CHECK(colour(m, 0.05F, 0.3F) == grey);
  CHECK(colour(m, 0.5F, 0.55F) == grey);
  CHECK(colour(m, 0.5F, 0.3F).y() == 0);
  CHECK(colour(m, 1.05F, 0.3F) == grey);
  CHECK(colour(m, -0.95F, 0.3F) == grey);
  m.pattern = Pattern::kBricks;
  CHECK(colour(m, 0.05F, 0.3F) == grey);
  CHECK(colour(m, 0.05F, 0.8F).y() == 0);
  CHECK(colour(m, 0.55F, 0.8F) == grey);
}

TEST_CASE("panes mirror and glow, walls do not") {
  const Material m{.colour = Vec(0.5F, 0.4F, 0.3F),
                   .second = Vec::Constant(0.05F),
                   .pattern = Pattern::kWindows,
                   .cell = {3, 3},
                   .joint = 0.5F,
                   .mirror = 0.3F,
                   .glow = 2};
  const auto wall = streets::paint_at(m, {0.2F, 4.5F}, Vec::Zero());
  CHECK(wall.colour == m.colour);
  CHECK(wall.mirror == 0);
  int lit = 0;
  for (int i = 0; i < 100; ++i) {
    const auto pane = streets::paint_at(m, {3 * static_cast<float>(i) + 1.2F, 4.5F}, Vec::Zero());
    CHECK(pane.mirror == 0.3F);
    lit += pane.glow.x() > 0;
  }
  CHECK(lit > 15);
  CHECK(lit < 60);
}

TEST_CASE("noise is smooth, differs from place to place and stays within its bounds") {
  float low = 1, high = -1;
  for (int i = 0; i < 2000; ++i) {
    const Vec at(0.137F * static_cast<float>(i), 0.071F * static_cast<float>(i), 3);
    const float value = streets::fractal_noise(at, 4);
    low = std::min(low, value);
    high = std::max(high, value);
    CHECK(std::abs(streets::fractal_noise(at + Vec::Constant(1e-4F), 4) - value) < 1e-2F);
  }
  CHECK(low > -0.75F);
  CHECK(high < 0.75F);
  CHECK(high - low > 0.4F);
}
