#include "streets/buildings.hpp"

#include <algorithm>
#include <cmath>

namespace streets {
namespace {

constexpr float kStorey = 3.1F;

/// Gives the panes a whole number of columns, and light.
Material fitted(Material facade, float width, const Weather& weather) {
  if (facade.pattern != Pattern::kWindows) return facade;
  const float columns = std::max(1.0F, std::round(width / facade.cell.x()));
  facade.cell = {width / columns, kStorey};
  facade.glow = weather.lit_windows;
  return facade;
}

void roof(const Brush& brush, const Style& style, Random& random, float half, float depth,
          float top) {
  const auto tiles = brush.of(random.one_of(style.materials.roofs));
  if (style.shapes.gables && random.chance(0.75F)) {
    const float ridge = top + random.in(0.3F, 0.5F) * std::min(depth, 9.0F), over = 0.35F;
    const float middle = depth / 2;
    tiles.quad({-half - over, top - 0.1F, -over}, {half + over, top - 0.1F, -over},
               {half + over, ridge, middle}, {-half - over, ridge, middle});
    tiles.quad({half + over, top - 0.1F, depth + over}, {-half - over, top - 0.1F, depth + over},
               {-half - over, ridge, middle}, {half + over, ridge, middle});
    for (const float side : {-1.0F, 1.0F})
      brush.triangle({side * half, top, 0}, {side * half, top, depth},
                     {side * half, ridge, middle});
    const float x = random.in(-0.7F, 0.7F) * half;
    brush.box({x - 0.4F, top, middle - 0.4F}, {x + 0.4F, ridge + 0.8F, middle + 0.4F});
    return;
  }
  tiles.box({-half - 0.1F, top, -0.1F}, {half + 0.1F, top + random.in(0.3F, 0.9F), depth});
  for (int i = random.below(3); i > 0; --i) {
    const float x = random.in(-0.6F, 0.6F) * half, z = random.in(0.2F, 0.7F) * depth;
    tiles.box({x - 1.1F, top, z - 1}, {x + 1.1F, top + random.in(1.5F, 2.8F), z + 1});
  }
}

/// Shops, or a door with steps.
void ground_floor(const Brush& brush, const Style& style, Random& random, float half) {
  const Vec colour = random.one_of(style.materials.car_paints);
  if (random.chance(0.45F)) {
    brush
        .of(Material{.colour = Vec(0.04F, 0.05F, 0.06F),
                     .mirror = 0.3F,
                     .glow = 3 * style.weather.lit_windows})
        .box({-half + 0.5F, 0.5F, -0.03F}, {half - 0.5F, 2.5F, 0.1F});
    brush.of(Material{.colour = 0.5F * colour + Vec::Constant(0.1F)})
        .box({-half + 0.2F, 2.6F, -0.18F}, {half - 0.2F, 3.2F, 0.1F});
    if (random.chance(0.5F)) {
      const auto awning = brush.of(Material{.colour = colour,
                                            .second = Vec(0.8F, 0.78F, 0.72F),
                                            .pattern = Pattern::kStripes,
                                            .cell = {0.8F, 9},
                                            .joint = 0.4F});
      awning.quad({-half + 0.4F, 2.3F, -1.4F}, {half - 0.4F, 2.3F, -1.4F},
                  {half - 0.4F, 2.9F, -0.1F}, {-half + 0.4F, 2.9F, -0.1F});
    }
    return;
  }
  const float x = random.in(-0.6F, 0.6F) * half;
  brush.of(Material{.colour = 0.35F * colour})
      .box({x - 0.55F, 0.2F, -0.06F}, {x + 0.55F, 2.4F, 0.1F});
  brush.of(style.materials.kerb).box({x - 0.9F, 0, -0.7F}, {x + 0.9F, 0.2F, 0.1F});
}

}  // namespace

void draw_building(const Brush& place, const Style& style, Random& random, float width,
                   float depth) {
  const float half = width / 2;
  const int storeys =
      std::max(1, static_cast<int>(std::lround(random.in(style.statistics.storeys))));
  const float top = kStorey * static_cast<float>(storeys) + 0.4F;
  const Material& facade = random.one_of(style.materials.facades);
  const auto building = place.of(Category::kBuilding, fitted(facade, width, style.weather));
  building.box({-half, 0, 0}, {half, top, depth});
  const Material trim{.colour = 0.8F * facade.colour, .stain = 0.2F};
  const auto ledge = building.of(trim);
  ledge.box({-half, 0, -0.05F}, {half, 0.45F, 0.05F});
  ledge.box({-half - 0.05F, top - 0.35F, -0.2F}, {half + 0.05F, top, 0.1F});
  if (random.chance(0.5F)) ledge.box({-half, kStorey, -0.12F}, {half, kStorey + 0.22F, 0.05F});
  ground_floor(building, style, random, half);
  if (random.chance(0.35F)) {
    const float x = random.in(-0.5F, 0.5F) * half;
    for (int s = 1; s < storeys; ++s) {
      const float y = kStorey * static_cast<float>(s);
      ledge.box({x - 1.4F, y, -1}, {x + 1.4F, y + 0.15F, 0});
      ledge.box({x - 1.4F, y + 0.15F, -1}, {x + 1.4F, y + 1, -0.92F});
    }
  }
  roof(building.of(trim), style, random, half, depth, top);
}

void draw_wall(const Brush& place, const Style& style, Random& random, float length) {
  const float top = random.in(1.7F, 3.2F);
  const auto wall = place.of(Category::kWall, random.one_of(style.materials.walls));
  wall.box({0, -0.1F, -0.15F}, {length, top, 0.15F});
  wall.of(style.materials.kerb).box({0, top, -0.22F}, {length, top + 0.12F, 0.22F});
  for (float x = 0; x <= length; x += 4)
    wall.box({x - 0.2F, -0.1F, -0.22F}, {x + 0.2F, top + 0.2F, 0.22F});
}

void draw_fence(const Brush& place, const Style& style, Random& random, float length) {
  const auto fence = place.of(Category::kFence, random.one_of(style.materials.fences));
  switch (random.one_of(style.shapes.fences)) {
    case Bars::kPickets: {
      const float top = random.in(1, 1.5F);
      for (float x = 0; x < length; x += 0.17F)
        fence.box({x, 0.05F, -0.02F}, {x + 0.12F, top + 0.06F * std::sin(6 * x), 0.02F});
      for (const float y : {0.3F, top - 0.25F}) fence.box({0, y, 0.02F}, {length, y + 0.1F, 0.07F});
      for (float x = 0; x <= length; x += 2)
        fence.box({x - 0.06F, 0, 0}, {x + 0.06F, top + 0.15F, 0.12F});
      break;
    }
    case Bars::kRails: {
      const float top = random.in(0.9F, 1.3F);
      for (float y = 0.2F; y < top; y += 0.16F)
        fence.box({0, y, -0.03F}, {length, y + 0.09F, 0.03F});
      for (float x = 0; x <= length; x += 2.2F)
        fence.box({x - 0.07F, 0, -0.07F}, {x + 0.07F, top + 0.1F, 0.07F});
      break;
    }
    case Bars::kPanels: {
      const float top = random.in(1.5F, 2);
      for (float x = 0; x < length; x += 2.1F) {
        const float end = std::min(length, x + 2);
        fence.box({x, 0.08F, -0.02F}, {end, top, 0.02F});
        fence.box({x - 0.07F, 0, -0.07F}, {x + 0.07F, top + 0.1F, 0.07F});
      }
      break;
    }
  }
}

}  // namespace streets
