#include "streets/plants.hpp"

#include <algorithm>
#include <cmath>

namespace streets {
namespace {

/// Single leaves about a crown, which break its outline.
void leaves(const Brush& brush, Random& random, const Vec& centre, const Vec& radii, int count) {
  for (int i = 0; i < count; ++i) {
    const float angle = random.in(0, kTurn), rise = random.in(-0.8F, 1);
    const float flat = std::sqrt(1 - rise * rise);
    const Vec out(flat * std::cos(angle), rise, flat * std::sin(angle));
    const Vec at = centre + random.in(0.88F, 1.2F) * out.cwiseProduct(radii);
    const auto corner = [&] {
      return Vec(at + 0.24F * Vec(random.in(-1, 1), random.in(-1, 1), random.in(-1, 1)));
    };
    brush.triangle(corner(), corner(), corner());
  }
}

/// Far away it has fewer parts: building the index over all of them is half of what a picture
/// takes.
void clump(const Brush& brush, Random& random, const Vec& centre, const Vec& radii, float roughness,
           int count) {
  constexpr float kNear = 25;  // m
  const float share = std::clamp(kNear / brush.distance(), 0.1F, 1.0F);
  brush.blob(centre, radii, roughness, random.in(0, 100), share < 0.4F ? 6 : 9);
  leaves(brush, random, centre, radii,
         static_cast<int>(std::lround(share * static_cast<float>(count))));
}

void round_crown(const Brush& brush, Random& random, float low, float top) {
  const float height = top - low, wide = random.in(0.4F, 0.6F) * height;
  for (int i = 0; i < 7; ++i) {
    const float angle = random.in(0, kTurn), out = i == 0 ? 0 : random.in(0.3F, 0.65F) * wide;
    const Vec centre(out * std::cos(angle), low + random.in(0.35F, 0.75F) * height,
                     out * std::sin(angle));
    const float size = random.in(0.45F, 0.7F) * wide;
    clump(brush, random, centre, {size, 0.85F * size, size}, 0.55F, 220);
  }
}

void cone_crown(const Brush& brush, Random& random, float low, float top) {
  const float wide = random.in(0.22F, 0.3F) * (top - low);
  const int layers = 6;
  for (int i = 0; i < layers; ++i) {
    const float share = static_cast<float>(i) / layers;
    const float y = low + share * (top - low);
    const float radius = wide * (1 - 0.85F * share);
    clump(brush, random, {0, y + 0.4F * radius, 0}, {radius, 0.16F * (top - low), radius}, 0.5F,
          160);
  }
}

void tall_crown(const Brush& brush, Random& random, float low, float top) {
  const float wide = random.in(0.14F, 0.2F) * (top - low);
  for (int i = 0; i < 4; ++i) {
    const float y = low + (0.15F + 0.24F * static_cast<float>(i)) * (top - low);
    clump(brush, random, {random.in(-0.2F, 0.2F), y, random.in(-0.2F, 0.2F)},
          {wide, 0.2F * (top - low), wide}, 0.45F, 200);
  }
}

void palm_crown(const Brush& brush, Random& random, float top) {
  for (int i = 0; i < 13; ++i) {
    const float angle = kTurn * (static_cast<float>(i) + random.in(-0.3F, 0.3F)) / 13;
    const Vec along(std::cos(angle), 0, std::sin(angle)), side(-along.z(), 0, along.x());
    const float reach = random.in(1.8F, 2.6F), lift = random.in(0.2F, 0.9F);
    Vec before(0, top, 0);
    for (int k = 1; k <= 4; ++k) {
      const float share = static_cast<float>(k) / 4;
      const Vec next =
          Vec(0, top + lift * share * 2 - 2.2F * share * share, 0) + reach * share * along;
      const float wide = 0.38F * (1.1F - share);
      const Vec droop(0, -0.25F, 0);
      brush.quad(before, next, next + wide * side + droop, before + (wide + 0.1F) * side + droop);
      brush.quad(before, next, next - wide * side + droop, before - (wide + 0.1F) * side + droop);
      before = next;
    }
  }
}

}  // namespace

void draw_tree(const Brush& place, const Style& style, Random& random) {
  const auto trunk = place.of(Category::kVegetation, style.materials.bark);
  const auto crown = place.of(Category::kVegetation, random.one_of(style.materials.leaves));
  const float top = random.in(5, 11);
  switch (random.one_of(style.shapes.crowns)) {
    case Crown::kRound:
      trunk.tube({0, -0.1F, 0}, {0, 0.5F * top, 0}, 0.03F * top, 0.02F * top, 8);
      for (int i = 0; i < 3; ++i) {
        const float angle = random.in(0, kTurn);
        trunk.tube({0, 0.3F * top, 0},
                   {0.2F * top * std::cos(angle), 0.6F * top, 0.2F * top * std::sin(angle)},
                   0.014F * top, 0.006F * top, 6);
      }
      round_crown(crown, random, 0.28F * top, top);
      break;
    case Crown::kCone:
      trunk.tube({0, -0.1F, 0}, {0, 0.8F * top, 0}, 0.02F * top, 0.01F, 7);
      cone_crown(crown, random, 0.12F * top, top);
      break;
    case Crown::kTall:
      trunk.tube({0, -0.1F, 0}, {0, 0.5F * top, 0}, 0.02F * top, 0.015F * top, 7);
      tall_crown(crown, random, 0.14F * top, 1.2F * top);
      break;
    case Crown::kPalm:
      trunk.tube({0, -0.1F, 0}, {0, 0.9F * top, 0}, 0.22F, 0.14F, 8);
      palm_crown(crown, random, 0.9F * top);
      break;
  }
}

void draw_bush(const Brush& place, const Style& style, Random& random) {
  const auto bush = place.of(Category::kVegetation, random.one_of(style.materials.leaves));
  for (int i = 0; i < 3; ++i) {
    const float size = random.in(0.4F, 0.9F);
    clump(bush, random, {random.in(-0.7F, 0.7F), 0.55F * size, random.in(-0.7F, 0.7F)},
          {size, 0.8F * size, size}, 0.5F, 60);
  }
}

void draw_hedge(const Brush& place, const Style& style, Random& random, float length) {
  const auto hedge = place.of(Category::kVegetation, random.one_of(style.materials.leaves));
  const float top = random.in(1, 1.9F);
  for (float x = 0.5F; x < length; x += 0.8F)
    clump(hedge, random, {x, 0.5F * top, 0}, {0.75F, 0.58F * top, 0.5F}, 0.3F, 45);
}

}  // namespace streets
