
#include <cag/error.hpp>

#include "streets/style.hpp"

namespace streets {
namespace {

Material mottled(const Vec& a, const Vec& b, float size, float stain = 0.1F) {
  return {
      .colour = a, .second = b, .pattern = Pattern::kMottled, .cell = {size, size}, .stain = stain};
}
Material grainy(const Vec& a, const Vec& b, float size, float stain) {
  return {
      .colour = a, .second = b, .pattern = Pattern::kGrainy, .cell = {size, size}, .stain = stain};
}
Material slabs(const Vec& plate, const Vec& joint, const Vec2& cell, float width, float stain) {
  return {.colour = plate,
          .second = joint,
          .pattern = Pattern::kSlabs,
          .cell = cell,
          .joint = width,
          .stain = stain};
}
Material bricks(const Vec& plate, const Vec& joint, const Vec2& cell, float width) {
  return {.colour = plate,
          .second = joint,
          .pattern = Pattern::kBricks,
          .cell = cell,
          .joint = width,
          .stain = 0.2F};
}
Material windows(const Vec& wall, float column, float share, float stain) {
  return {.colour = wall,
          .second = Vec(0.05F, 0.06F, 0.08F),
          .pattern = Pattern::kWindows,
          .cell = {column, 3.1F},
          .joint = share,
          .stain = stain,
          .mirror = 0.3F};
}

const std::vector<Vec> kSkins{
    {0.55F, 0.36F, 0.27F}, {0.35F, 0.2F, 0.13F}, {0.65F, 0.45F, 0.35F}, {0.16F, 0.09F, 0.06F}};

}  // namespace

Style simulator() {
  return {
      .name = "simulator",
      .materials =
          {.roads = {grainy({0.13F, 0.13F, 0.14F}, {0.19F, 0.19F, 0.19F}, 3, 0.15F),
                     grainy({0.2F, 0.2F, 0.2F}, {0.27F, 0.27F, 0.26F}, 4, 0.12F)},
           .sidewalks = {slabs({0.42F, 0.4F, 0.37F}, {0.22F, 0.21F, 0.2F}, {2, 2}, 0.05F, 0.12F),
                         slabs({0.3F, 0.3F, 0.3F}, {0.18F, 0.18F, 0.18F}, {1, 1}, 0.04F, 0.15F)},
           .road_line = mottled({0.75F, 0.75F, 0.73F}, {0.6F, 0.6F, 0.58F}, 0.5F),
           .middle_line = mottled({0.75F, 0.52F, 0.05F}, {0.6F, 0.42F, 0.05F}, 0.5F),
           .kerb = mottled({0.45F, 0.44F, 0.42F}, {0.38F, 0.37F, 0.36F}, 1),
           .grass = grainy({0.13F, 0.2F, 0.04F}, {0.28F, 0.27F, 0.09F}, 2, 0.15F),
           .bare_ground = grainy({0.4F, 0.3F, 0.18F}, {0.3F, 0.22F, 0.13F}, 3, 0.2F),
           .walls = {slabs({0.5F, 0.46F, 0.4F}, {0.3F, 0.28F, 0.25F}, {2, 1}, 0.04F, 0.2F),
                     mottled({0.55F, 0.5F, 0.42F}, {0.42F, 0.38F, 0.32F}, 2, 0.2F)},
           .fences = {{.colour = Vec(0.34F, 0.22F, 0.12F), .stain = 0.2F},
                      {.colour = Vec(0.45F, 0.45F, 0.44F), .stain = 0.15F}},
           .pole = {.colour = Vec(0.3F, 0.31F, 0.32F), .mirror = 0.05F},
           .bark = mottled({0.2F, 0.14F, 0.09F}, {0.12F, 0.08F, 0.05F}, 0.3F),
           .facades = {windows({0.62F, 0.57F, 0.48F}, 3.2F, 0.62F, 0.1F),
                       windows({0.5F, 0.5F, 0.52F}, 2.4F, 0.8F, 0.06F),
                       windows({0.55F, 0.32F, 0.22F}, 3.4F, 0.5F, 0.15F),
                       windows({0.7F, 0.68F, 0.64F}, 4, 0.7F, 0.08F),
                       windows({0.3F, 0.36F, 0.42F}, 1.9F, 0.88F, 0.03F)},
           .roofs = {mottled({0.35F, 0.33F, 0.3F}, {0.25F, 0.24F, 0.23F}, 2)},
           .leaves = {mottled({0.05F, 0.14F, 0.03F}, {0.12F, 0.24F, 0.05F}, 0.7F),
                      mottled({0.08F, 0.17F, 0.03F}, {0.2F, 0.27F, 0.07F}, 0.6F)},
           .car_paints = {{0.6F, 0.03F, 0.03F},
                          {0.03F, 0.08F, 0.4F},
                          {0.75F, 0.75F, 0.75F},
                          {0.02F, 0.02F, 0.025F},
                          {0.7F, 0.45F, 0.02F},
                          {0.03F, 0.25F, 0.08F},
                          {0.4F, 0.4F, 0.42F},
                          {0.1F, 0.3F, 0.5F}},
           .clothes = {{0.6F, 0.08F, 0.08F},
                       {0.08F, 0.15F, 0.5F},
                       {0.7F, 0.7F, 0.68F},
                       {0.06F, 0.06F, 0.07F},
                       {0.65F, 0.5F, 0.1F},
                       {0.1F, 0.35F, 0.15F},
                       {0.4F, 0.3F, 0.2F}},
           .skins = kSkins},
      .shapes = {.crowns = {Crown::kPalm, Crown::kRound, Crown::kCone},
                 .fences = {Bars::kPanels, Bars::kPickets},
                 .signs = Signs::kDiamonds,
                 .gables = false,
                 .lamp_arms = true,
                 .car_length = 1.1F,
                 .car_roundness = 0.2F},
      .statistics = {.sidewalk_width = {2.5F, 4.5F}, .building_share = 0.62F, .crossing = 0.65F},
      .weather = {},
      .optics = {.field = {44, 56}, .pitch = {-1, 2}, .saturation = 1.25F, .contrast = 1.1F},
  };
}

Style overcast() {
  return {
      .name = "overcast",
      .materials =
          {.roads = {grainy({0.08F, 0.08F, 0.085F}, {0.13F, 0.13F, 0.13F}, 1.2F, 0.3F),
                     bricks({0.15F, 0.145F, 0.14F}, {0.07F, 0.07F, 0.07F}, {0.24F, 0.18F}, 0.03F)},
           .sidewalks = {bricks({0.26F, 0.25F, 0.25F}, {0.13F, 0.13F, 0.12F}, {0.5F, 0.25F}, 0.03F),
                         mottled({0.12F, 0.12F, 0.12F}, {0.17F, 0.17F, 0.165F}, 1.5F, 0.2F)},
           .road_line = mottled({0.55F, 0.55F, 0.53F}, {0.3F, 0.3F, 0.3F}, 0.4F),
           .middle_line = mottled({0.55F, 0.55F, 0.53F}, {0.3F, 0.3F, 0.3F}, 0.4F),
           .kerb = slabs({0.33F, 0.32F, 0.32F}, {0.15F, 0.15F, 0.15F}, {1, 1}, 0.04F, 0.25F),
           .grass = grainy({0.09F, 0.14F, 0.05F}, {0.16F, 0.2F, 0.08F}, 1, 0.25F),
           .bare_ground = grainy({0.2F, 0.16F, 0.12F}, {0.13F, 0.1F, 0.08F}, 1.5F, 0.3F),
           .walls = {bricks({0.32F, 0.2F, 0.15F}, {0.3F, 0.28F, 0.26F}, {0.5F, 0.16F}, 0.03F)},
           .fences = {{.colour = Vec(0.1F, 0.13F, 0.11F), .stain = 0.2F},
                      {.colour = Vec(0.2F, 0.15F, 0.1F), .stain = 0.25F}},
           .pole = {.colour = Vec(0.17F, 0.19F, 0.18F), .stain = 0.2F},
           .bark = mottled({0.12F, 0.1F, 0.08F}, {0.06F, 0.05F, 0.045F}, 0.3F),
           .facades = {windows({0.48F, 0.4F, 0.26F}, 2.5F, 0.5F, 0.25F),
                       windows({0.36F, 0.17F, 0.12F}, 2.2F, 0.45F, 0.3F),
                       windows({0.5F, 0.48F, 0.42F}, 2.7F, 0.52F, 0.25F),
                       windows({0.42F, 0.33F, 0.3F}, 2.3F, 0.48F, 0.3F),
                       windows({0.3F, 0.3F, 0.29F}, 2, 0.6F, 0.3F)},
           .roofs = {bricks({0.3F, 0.13F, 0.09F}, {0.2F, 0.09F, 0.07F}, {0.4F, 0.35F}, 0.04F),
                     bricks({0.14F, 0.14F, 0.15F}, {0.09F, 0.09F, 0.1F}, {0.4F, 0.3F}, 0.03F)},
           .leaves = {mottled({0.05F, 0.085F, 0.035F}, {0.1F, 0.14F, 0.055F}, 0.5F),
                      mottled({0.07F, 0.1F, 0.03F}, {0.16F, 0.16F, 0.06F}, 0.6F)},
           .car_paints = {{0.3F, 0.3F, 0.31F},
                          {0.05F, 0.05F, 0.055F},
                          {0.45F, 0.45F, 0.45F},
                          {0.06F, 0.08F, 0.14F},
                          {0.25F, 0.05F, 0.05F},
                          {0.16F, 0.17F, 0.17F},
                          {0.1F, 0.14F, 0.12F}},
           .clothes = {{0.06F, 0.06F, 0.07F},
                       {0.1F, 0.11F, 0.16F},
                       {0.2F, 0.19F, 0.18F},
                       {0.14F, 0.1F, 0.08F},
                       {0.3F, 0.08F, 0.07F},
                       {0.35F, 0.34F, 0.32F}},
           .skins = kSkins},
      .shapes = {.crowns = {Crown::kRound, Crown::kTall, Crown::kRound},
                 .fences = {Bars::kRails, Bars::kPickets},
                 .signs = Signs::kRoundAndTriangles,
                 .gables = true,
                 .lamp_arms = false,
                 .car_length = 0.93F,
                 .car_roundness = 0.38F,
                 .low_floor_trains = true},
      .statistics = {.lane_width = {2.7F, 3.2F},
                     .most_lanes = 2,
                     .sidewalk_width = {2.2F, 4},
                     .verge_width = {0, 2},
                     .setback = {0, 4},
                     .storeys = {3, 5},
                     .building_share = 0.62F,
                     .crossing = 0.65F,
                     .trees = 0.5F,
                     .parked_cars = 0.5F,
                     .moving_cars = 0.3F,
                     .people = 2,
                     .riders = 0.55F,
                     .trucks = 0.1F,
                     .buses = 0.1F,
                     .train = 0.2F,
                     .parked_cycles = 0.45F,
                     .signs = 0.55F},
      .weather = {.sun_height = {15, 45},
                  .sun = Vec(1.0F, 0.95F, 0.88F),
                  .zenith = Vec(0.5F, 0.58F, 0.7F),
                  .horizon = Vec(0.8F, 0.82F, 0.82F),
                  .ground = Vec(0.2F, 0.2F, 0.19F),
                  .cloud_cover = {0.7F, 1},
                  .haze = {0.001F, 0.0025F}},
      .optics = {.height = {1.5F, 1.9F},
                 .field = {38, 46},
                 .pitch = {0, 3},
                 .distortion = 0.06F,
                 .blur = {0.15F, 0.35F},
                 .vignette = 0.2F,
                 .exposure = {0.95F, 1.15F},
                 .white = Vec(0.98F, 1.0F, 0.98F),
                 .warmth = {-0.03F, 0.03F},
                 .saturation = 1.1F,
                 .contrast = 1.1F,
                 .noise = {0.002F, 0.006F},
                 .quality = {85, 95},
                 .bonnet = true},
  };
}

Style evening() {
  Style style = overcast();
  style.name = "evening";
  style.weather = {.sun_height = {2, 8},
                   .sun_bearing = {-180, 180},
                   .sun = Vec(0.35F, 0.2F, 0.1F),
                   .zenith = Vec(0.1F, 0.14F, 0.26F),
                   .horizon = Vec(0.42F, 0.32F, 0.3F),
                   .ground = Vec(0.06F, 0.06F, 0.07F),
                   .cloud_cover = {0.3F, 0.8F},
                   .haze = {0.002F, 0.006F},
                   .lit_windows = 0.5F,
                   .lamps = 1.5F};
  style.optics.exposure = {0.5F, 0.7F};
  style.optics.white = Vec(1.05F, 0.97F, 0.92F);
  style.optics.saturation = 0.9F;
  style.optics.noise = {0.025F, 0.05F};
  style.optics.blur = {0.3F, 0.7F};
  return style;
}

Style style_by_name(std::string_view name) {
  for (auto make : {simulator, overcast, evening}) {
    auto style = make();
    if (style.name == name) return style;
  }
  throw cag::UsageError("style: expected simulator, overcast or evening, got {}", name);
}

}  // namespace streets
