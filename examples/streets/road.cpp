#include "streets/road.hpp"

#include <algorithm>
#include <vector>

namespace streets {

Road Road::plan(const Style& style, Random& random) {
  const auto& statistics = style.statistics;
  Road road;
  if (random.chance(0.6F)) road.bend = random.in(-0.0009F, 0.0009F);
  road.lanes = 1 + random.below(statistics.most_lanes);
  road.lane = random.in(statistics.lane_width);
  road.parking = random.chance(0.7F) ? 2.2F : 0.4F;
  road.verge = random.chance(0.6F) ? random.in(statistics.verge_width) : 0;
  road.sidewalk = random.in(statistics.sidewalk_width);
  road.tram = random.chance(statistics.train);
  if (random.chance(statistics.crossing))
    road.crossing = {.s = random.in(12, 42), .half = random.in(3.2F, 6)};
  road.surface = random.one_of(style.materials.roads);
  road.paving = random.one_of(style.materials.sidewalks);
  return road;
}

void Road::ribbon(const Brush& brush, float x0, float x1, float s0, float s1, float y) const {
  for (float s = s0; s < s1; s += 4) {
    const float next = std::min(s + 4, s1);
    brush.quad(point(x0, s, y), point(x1, s, y), point(x1, next, y), point(x0, next, y));
  }
}

void Road::draw(const Brush& brush, const Materials& materials, Random& random) const {
  const auto base =
      brush.of(Category::kTerrain, random.chance(0.5F) ? materials.grass : materials.bare_ground);
  base.quad({-400, -0.08F, -60}, {400, -0.08F, -60}, {400, -0.08F, 700}, {-400, -0.08F, 700});
  ribbon(brush.of(Category::kRoad, surface), -kerb(), kerb(), kBegin, kEnd + 200, 0);
  for (const float side : {-1.0F, 1.0F}) draw_side(brush, materials, side);
  draw_markings(brush, materials);
  if (tram) draw_rails(brush);
  if (crossing) draw_crossing(brush, materials, random);
}

void Road::draw_side(const Brush& brush, const Materials& materials, float side) const {
  constexpr float kEdge = 0.18F;
  const auto walk = brush.of(Category::kSidewalk, paving);
  const auto grass = brush.of(Category::kTerrain, materials.grass);
  const auto edge = brush.of(Category::kSidewalk, materials.kerb);
  const float k = kerb();
  spans([&](float s0, float s1) {
    ribbon(edge, side * k, side * (k + kEdge), s0, s1, kKerb);
    for (float s = s0; s < s1; s += 4) {
      const float next = std::min(s + 4, s1);
      edge.quad(point(side * k, s, 0), point(side * k, next, 0), point(side * k, next, kKerb),
                point(side * k, s, kKerb));
    }
    if (verge > kEdge) ribbon(grass, side * (k + kEdge), side * (k + verge), s0, s1, kKerb + 0.01F);
    ribbon(walk, side * (k + std::max(kEdge, verge)), side * front(), s0, s1, kKerb);
  });
}

void Road::draw_markings(const Brush& brush, const Materials& materials) const {
  constexpr float kPaint = 0.006F;  // above the road
  const auto line = brush.of(Category::kRoad, materials.road_line);
  const auto middle = brush.of(Category::kRoad, materials.middle_line);
  const bool doubled = lanes > 1;
  const std::vector<float> middles = doubled ? std::vector{-0.12F, 0.12F} : std::vector{0.0F};
  spans([&](float s0, float s1) {
    for (const float x : middles)
      for (float s = s0; s < s1 - 3; s += doubled ? 3 : 8)
        ribbon(middle, x - 0.07F, x + 0.07F, s, s + 3, kPaint);
    for (const float side : {-1.0F, 1.0F}) {
      for (int i = 1; i < lanes; ++i) {
        const float x = side * static_cast<float>(i) * lane;
        for (float s = s0; s < s1 - 3; s += 9) ribbon(line, x - 0.06F, x + 0.06F, s, s + 3, kPaint);
      }
      const float x = side * (kerb() - parking);
      if (parking > 1) ribbon(line, x - 0.05F, x + 0.05F, s0, s1, kPaint);
    }
  });
}

void Road::draw_rails(const Brush& brush) const {
  const Material steel{.colour = Vec(0.09F, 0.085F, 0.08F), .mirror = 0.2F};
  const auto rail = brush.of(Category::kRoad, steel);
  for (const float side : {-1.0F, 1.0F})
    for (const float gauge : {-0.72F, 0.72F}) {
      const float x = side * lane / 2 + gauge;
      ribbon(rail, x - 0.06F, x + 0.06F, kBegin, kEnd, 0.008F);
    }
}

void Road::draw_crossing(const Brush& brush, const Materials& materials, Random& random) const {
  const auto [c, w] = *crossing;
  const float middle = bend * c * c;
  const auto road = brush.of(Category::kRoad, surface);
  const auto walk = brush.of(Category::kSidewalk, paving);
  const auto stripe = brush.of(Category::kRoad, materials.road_line);
  for (const float side : {-1.0F, 1.0F}) {
    const float near = middle + side * kerb(), from = middle + side * front();
    const float far = middle + side * 120;
    road.quad({near, 0, c - w}, {far, 0, c - w}, {far, 0, c + w}, {near, 0, c + w});
    for (const float end : {-1.0F, 1.0F}) {
      const float s = c + end * w, beyond = s + end * sidewalk;
      walk.quad({from, kKerb, s}, {far, kKerb, s}, {far, kKerb, beyond}, {from, kKerb, beyond});
    }
    const float zebra = c + side * (w + 2);
    if (random.chance(0.8F))
      for (float x = -kerb() + 0.4F; x < kerb() - 0.4F; x += 1)
        ribbon(stripe, x, x + 0.5F, zebra - 1.4F, zebra + 1.4F, 0.007F);
  }
}

}  // namespace streets
