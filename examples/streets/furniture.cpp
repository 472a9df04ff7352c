#include "streets/furniture.hpp"

namespace streets {
namespace {

const Material kSheet{.colour = Vec(0.25F, 0.25F, 0.26F)};  // the back of a sign

Material plate(const Vec& colour, const Vec& rim, float radius) {
  return {.colour = colour, .second = rim, .pattern = Pattern::kRings, .joint = radius};
}

/// The lamps of one signal head, one of them lit, in a dark case that looks along z.
void signal_head(const Brush& brush, const Vec& centre, Random& random) {
  const auto head =
      brush.of(Category::kTrafficLight, Material{.colour = Vec(0.035F, 0.035F, 0.03F)});
  head.box(centre - Vec(0.19F, 0.5F, 0.12F), centre + Vec(0.19F, 0.5F, 0.12F));
  const Vec colours[] = {{0.9F, 0.05F, 0.03F}, {0.9F, 0.5F, 0.05F}, {0.05F, 0.75F, 0.35F}};
  const int lit = random.chance(0.5F) ? 0 : random.chance(0.2F) ? 1 : 2;
  for (int i = 0; i < 3; ++i) {
    const Vec at = centre + Vec(0, 0.31F - 0.31F * static_cast<float>(i), 0.125F);
    head.of(Material{.colour = i == lit ? colours[i] : Vec(0.12F * colours[i]),
                     .glow = i == lit ? 1.6F : 0})
        .disc(at, Vec::UnitZ(), 0.125F, 12);
    head.tube(at + Vec(0, 0.12F, 0), at + Vec(0, 0.12F, 0.15F), 0.05F, 0.05F, 5);
  }
}

void round_sign(const Brush& sign, const Vec& centre, Random& random) {
  const bool blue = random.chance(0.4F);
  const Material face = blue ? plate({0.02F, 0.12F, 0.5F}, {0.8F, 0.8F, 0.8F}, 0.33F)
                             : plate({0.85F, 0.85F, 0.82F}, {0.65F, 0.02F, 0.03F}, 0.25F);
  sign.of(face).disc(centre + Vec(0, 0, 0.03F), Vec::UnitZ(), 0.36F, 24);
  sign.of(kSheet).disc(centre, -Vec::UnitZ(), 0.36F, 24);
}

void triangle_sign(const Brush& sign, const Vec& centre) {
  const auto face = [&](float size, float z) {
    return std::vector<Vec>{centre + Vec(-size, -0.5F * size, z),
                            centre + Vec(size, -0.5F * size, z), centre + Vec(0, 1.1F * size, z)};
  };
  sign.of(kSheet).polygon(face(0.45F, 0));
  sign.of(Material{.colour = Vec(0.65F, 0.02F, 0.03F)}).polygon(face(0.45F, 0.02F));
  sign.of(Material{.colour = Vec(0.85F, 0.85F, 0.8F)}).polygon(face(0.27F, 0.03F));
}

void diamond_sign(const Brush& sign, const Vec& centre) {
  const auto face = [&](float size, float z) {
    return std::vector<Vec>{centre + Vec(0, -size, z), centre + Vec(size, 0, z),
                            centre + Vec(0, size, z), centre + Vec(-size, 0, z)};
  };
  sign.of(Material{.colour = Vec(0.04F, 0.04F, 0.04F)}).polygon(face(0.55F, 0.02F));
  sign.of(Material{.colour = Vec(0.9F, 0.6F, 0.02F)}).polygon(face(0.49F, 0.03F));
  sign.of(kSheet).polygon(face(0.55F, 0));
}

/// A sheet with a rim and lines of writing.
void board(const Brush& sign, const Vec& centre, const Vec& colour, float wide, float high) {
  const Material bright{.colour = Vec(0.85F, 0.85F, 0.83F)};
  const auto sheet = [&](const Material& material, float in, float z) {
    sign.of(material).box(centre + Vec(in - wide, in - high, -0.01F),
                          centre + Vec(wide - in, high - in, z));
  };
  sheet(bright, 0, 0.01F);
  sheet({.colour = colour}, 0.035F, 0.02F);
  const auto letters =
      sign.of(colour.sum() > 1.5F ? Material{.colour = Vec(0.05F, 0.05F, 0.05F)} : bright);
  for (const float row : {0.45F, 0.0F, -0.45F})
    letters.box(centre + Vec((row - 0.75F) * 0.8F * wide, (row - 0.12F) * high, 0),
                centre + Vec(0.7F * wide, (row + 0.12F) * high, 0.025F));
  sign.of(kSheet).box(centre - Vec(wide, high, 0.02F), centre + Vec(wide, high, -0.01F));
}

}  // namespace

void draw_street_lamp(const Brush& brush, const Style& style, Random& random) {
  const auto pole = brush.of(Category::kPole, style.materials.pole);
  const float top = random.in(6.5F, 9);
  const float reach = style.shapes.lamp_arms ? random.in(1.5F, 2.6F) : 0.25F;
  pole.tube({0, -0.1F, 0}, {0, 1, 0}, 0.14F, 0.12F);
  pole.tube({0, 1, 0}, {0, top, 0}, 0.1F, 0.065F);
  pole.tube({0, top, 0}, {reach, top + 0.2F * reach, 0}, 0.055F, 0.05F, 6);
  pole.box({reach - 0.35F, top + 0.2F * reach - 0.06F, -0.14F},
           {reach + 0.4F, top + 0.2F * reach + 0.1F, 0.14F});
  pole.of(Material{.colour = Vec(0.95F, 0.85F, 0.6F), .glow = 2 * style.weather.lamps})
      .box({reach - 0.25F, top + 0.2F * reach - 0.09F, -0.1F},
           {reach + 0.35F, top + 0.2F * reach - 0.06F, 0.1F});
}

void draw_traffic_light(const Brush& brush, const Style& style, Random& random, float arm) {
  const auto pole = brush.of(Category::kPole, style.materials.pole);
  const float top = arm > 0 ? 5.6F : 3.3F;
  pole.tube({0, -0.1F, 0}, {0, top, 0}, 0.1F, 0.08F);
  signal_head(brush, {0.05F, 2.7F, 0.22F}, random);
  if (arm > 0) {
    pole.tube({0, top, 0}, {arm, top + 0.25F, 0}, 0.07F, 0.05F, 6);
    signal_head(brush, {arm, top - 0.15F, 0.16F}, random);
    if (arm > 3) signal_head(brush, {0.55F * arm, top - 0.25F, 0.16F}, random);
  }
}

void draw_sign(const Brush& brush, const Style& style, Random& random) {
  const auto pole = brush.of(Category::kPole, style.materials.pole);
  const auto sign = brush.of(Category::kTrafficSign, kSheet);
  const float y = random.in(2.1F, 2.7F);
  const bool large = random.chance(0.15F);
  pole.tube({0, -0.1F, 0}, {0, y + 0.5F, 0}, 0.045F, 0.045F, 7);
  const bool round = style.shapes.signs == Signs::kRoundAndTriangles;
  if (large) {
    board(sign, {0, y + 0.8F, 0.07F}, round ? Vec(0.03F, 0.12F, 0.45F) : Vec(0.01F, 0.25F, 0.1F),
          1.3F, 0.8F);
    return;
  }
  const Vec at(0, y, 0.07F);
  if (round) {
    if (random.chance(0.6F)) {
      round_sign(sign, at, random);
    } else {
      triangle_sign(sign, at);
    }
    if (random.chance(0.3F)) board(sign, at - Vec(0, 0.62F, 0), {0.8F, 0.8F, 0.78F}, 0.3F, 0.17F);
  } else if (random.chance(0.5F)) {
    diamond_sign(sign, at);
  } else {
    board(sign, at, random.chance(0.4F) ? Vec(0.6F, 0.03F, 0.03F) : Vec(0.8F, 0.8F, 0.78F), 0.33F,
          0.42F);
  }
}

void draw_bollard(const Brush& brush, const Style& style, Random& random) {
  brush.of(Category::kPole, style.materials.pole)
      .tube({0, 0, 0}, {0, random.in(0.8F, 1.05F), 0}, 0.07F, 0.06F, 8);
}

}  // namespace streets
