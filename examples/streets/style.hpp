#pragma once

#include <string_view>
#include <vector>

#include "streets/material.hpp"

namespace streets {

/// From low to high, drawn evenly.
struct Range {
  float low = 0, high = 1;
};

/// What things are made of.
struct Materials {
  std::vector<Material> roads, sidewalks;  ///< a street has one of each
  Material road_line, middle_line, kerb, grass, bare_ground;
  std::vector<Material> walls, fences;
  Material pole, bark;
  std::vector<Material> facades;
  std::vector<Material> roofs;
  std::vector<Material> leaves;
  std::vector<Vec> car_paints;
  std::vector<Vec> clothes;
  std::vector<Vec> skins;
};

enum class Crown { kRound, kCone, kPalm, kTall };
enum class Bars { kPickets, kRails, kPanels };
enum class Signs { kRoundAndTriangles, kDiamonds };

/// What things look like.
struct Shapes {
  std::vector<Crown> crowns;
  std::vector<Bars> fences;
  Signs signs = Signs::kDiamonds;
  bool gables = false;         ///< roofs: gabled or flat
  bool lamp_arms = true;       ///< lamps reach over the road
  float car_length = 1;        ///< factor
  float car_roundness = 0.2F;  ///< how far roofs draw in
  bool low_floor_trains = false;
};

/// How much of what there is.
struct Statistics {
  Range lane_width{3, 3.6F};
  int most_lanes = 2;  ///< each way
  Range sidewalk_width{2, 4};
  Range verge_width{0, 2};  ///< grass between kerb and sidewalk
  Range setback{0, 5};      ///< front gardens
  Range storeys{2, 6};
  float building_share = 0.6F;  ///< of the blocks beside the street; the rest is park, wall or open
  float crossing = 0.5F;        ///< chance of a crossing ahead
  float trees = 0.5F;           ///< chance at each place for one
  float parked_cars = 0.5F, moving_cars = 0.3F;
  float people = 1.5F;                 ///< groups in 7 m, on each side
  float riders = 0.5F;                 ///< chance at each place for one
  float trucks = 0.12F, buses = 0.1F;  ///< shares of the vehicles
  float train = 0.15F;                 ///< chance of a tram line
  float parked_cycles = 0.3F;
  float signs = 0.5F;
};

/// Sun, sky and air.
struct Weather {
  Range sun_height{25, 60};  ///< degrees
  Range sun_bearing{-180, 180};
  Vec sun{3.0F, 2.8F, 2.4F};
  Vec zenith{0.20F, 0.38F, 0.75F};
  Vec horizon{0.65F, 0.75F, 0.9F};
  Vec ground{0.25F, 0.24F, 0.22F};
  Range cloud_cover{0.2F, 0.6F};
  Range haze{0.001F, 0.004F};  ///< of 1/m
  float lit_windows = 0;       ///< brightness
  float lamps = 0;             ///< brightness of car lights and street lamps
};

/// What stands between the scene and the file.
struct Optics {
  Range height{1.3F, 1.6F};  ///< m above the road
  Range field{70, 85};       ///< degrees across
  Range pitch{-2, 3};        ///< degrees down
  float distortion = 0;
  Range blur{0, 0.2F};  ///< standard deviation, of 1/256 of the width
  float vignette = 0;
  Range exposure{0.9F, 1.1F};
  Vec white{1, 1, 1};
  Range warmth{0, 0};  ///< how far red gains and blue loses
  float saturation = 1;
  float contrast = 1;
  Range noise{0, 0.005F};
  Range quality{100, 100};  ///< of JPEG; 100: not compressed
  bool bonnet = false;
};

/// One domain: everything that scenes of it share.
struct Style {
  std::string_view name;
  Materials materials;
  Shapes shapes;
  Statistics statistics;
  Weather weather;
  Optics optics;
};

/// A simulator's: clear light, saturated colours, wide streets, a perfect camera.
Style simulator();
/// A car's camera in an old town on an overcast day.
Style overcast();
/// The same town in the evening: low light, lit lamps.
Style evening();

/// By name. @throws cag::UsageError naming those there are
Style style_by_name(std::string_view name);

}  // namespace streets
