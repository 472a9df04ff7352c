#include <algorithm>
#include <cmath>

#include "streets/buildings.hpp"
#include "streets/furniture.hpp"
#include "streets/people.hpp"
#include "streets/plants.hpp"
#include "streets/road.hpp"
#include "streets/scene.hpp"
#include "streets/vehicles.hpp"

namespace streets {
namespace {

constexpr float kHalfTurn = Road::kHalfTurn, kEnd = Road::kEnd, kKerb = Road::kKerb;

float degrees(float angle) { return angle * kHalfTurn / 180; }

/// Fills a street with what stands and moves there.
class Street {
 public:
  Street(const Road& road, const Style& style, Random& random, Mesh& mesh)
      : road_(road),
        style_(style),
        counts_(style.statistics),
        random_(random),
        brush_(mesh),
        half_(road.kerb()) {}

  void draw() const {
    road_.draw(brush_, style_.materials, random_);
    for (const float side : {-1.0F, 1.0F}) {
      frontage(side);
      furniture(side);
      people(side);
      parked(side);
    }
    traffic();
    if (road_.crossing) crossing();
    horizon();
  }

 private:
  Brush place(float x, float s, float y = 0, float yaw = 0) const {
    return road_.place(brush_, x, s, y, yaw);
  }
  float front() const { return road_.front(); }
  bool in_crossing(float s, float margin) const { return road_.in_crossing(s, margin); }
  void ribbon(const Brush& brush, float x0, float x1, float s0, float s1, float y) const {
    road_.ribbon(brush, x0, x1, s0, s1, y);
  }

  /// What stands beside the street, block by block.
  void frontage(float side) const {
    const float setback = random_.in(counts_.setback);
    road_.spans([&](float s0, float s1) {
      float s = s0;
      while (s < s1 - 4) {
        const float length = std::min(random_.in(16, 44), s1 - s);
        if (random_.chance(counts_.building_share)) {
          houses(side, s, length, front() + setback);
        } else {
          open_block(side, s, length);
        }
        s += length;
      }
    });
  }

  void houses(float side, float s0, float length, float x) const {
    const auto& m = style_.materials;
    if (x > front() + 0.4F) {
      const bool paved = random_.chance(0.4F);
      ribbon(paved ? brush_.of(Category::kSidewalk, road_.paving)
                   : brush_.of(Category::kTerrain, m.grass),
             side * front(), side * (x + 14), s0, s0 + length, kKerb - 0.01F);
      if (x > front() + 1.5F) {
        border(side, front() + 0.3F, s0, length);
        for (float s = s0 + 2; s < s0 + length; s += 4)
          if (random_.chance(0.4F))
            draw_bush(place(side * (front() + 1), s, kKerb), style_, random_);
      }
    }
    float s = s0;
    while (s < s0 + length - 3) {
      const float width = std::min(random_.in(8, 17), s0 + length - s);
      draw_building(place(side * x, s + width / 2, 0, side * kHalfTurn / 2), style_, random_,
                    width - 0.05F, random_.in(9, 14));
      s += width;
      if (random_.chance(0.25F)) {
        const float gap = std::min(random_.in(3, 6), s0 + length - s);
        if (gap > 1) border(side, x + 0.5F, s, gap);
        s += gap;
      }
    }
  }

  /// A fence, a wall or a hedge.
  void border(float side, float x, float s, float length) const {
    const auto brush = road_.along(brush_, side, x, s, length);
    const float choice = random_.in(0, 1);
    if (choice < 0.4F) {
      draw_fence(brush, style_, random_, length);
    } else if (choice < 0.65F) {
      draw_wall(brush, style_, random_, length);
    } else {
      draw_hedge(brush, style_, random_, length);
    }
  }

  void open_block(float side, float s0, float length) const {
    const auto& m = style_.materials;
    const float x = front();
    const auto grass =
        brush_.of(Category::kTerrain, random_.chance(0.7F) ? m.grass : m.bare_ground);
    ribbon(grass, side * x, side * (x + 45), s0, s0 + length, kKerb - 0.02F);
    if (random_.chance(0.75F)) border(side, x + 0.3F, s0, length);
    const int trees = static_cast<int>(length * counts_.trees * 0.35F);
    for (int i = 0; i < trees; ++i)
      draw_tree(place(side * (x + random_.in(2.5F, 30)), s0 + random_.in(0, length)), style_,
                random_);
    for (int i = 0; i < trees; ++i)
      draw_bush(place(side * (x + random_.in(1.5F, 12)), s0 + random_.in(0, length)), style_,
                random_);
    if (random_.chance(0.4F))
      draw_building(
          place(side * (x + random_.in(26, 40)), s0 + length / 2, 0, side * kHalfTurn / 2), style_,
          random_, random_.in(10, 20), 12);
  }

  void furniture(float side) const {
    const float towards = side > 0 ? kHalfTurn : 0;
    for (float s = random_.in(4, 20); s < kEnd; s += random_.in(22, 34))
      if (!in_crossing(s, 1))
        draw_street_lamp(place(side * (half_ + 0.5F), s, kKerb, towards), style_, random_);
    for (float s = random_.in(3, 12); s < 100; s += random_.in(7, 12))
      if (random_.chance(counts_.trees) && !in_crossing(s, 3))
        draw_tree(place(side * (half_ + 0.9F + road_.verge / 2), s, kKerb), style_, random_);
    for (float s = random_.in(5, 14); s < 90; s += random_.in(8, 20))
      if (random_.chance(counts_.signs) && !in_crossing(s, 1))
        draw_sign(place(side * (half_ + 0.6F), s, kKerb,
                        random_.chance(0.85F) ? kHalfTurn + random_.in(-0.2F, 0.2F) : 0),
                  style_, random_);
    if (random_.chance(0.3F)) {
      const float s0 = random_.in(3, 30);
      for (float s = s0; s < s0 + 12; s += 1.8F)
        if (!in_crossing(s, 0))
          draw_bollard(place(side * (half_ + 0.35F), s, kKerb), style_, random_);
    }
  }

  void people(float side) const {
    const float inner = half_ + road_.verge + 0.5F, outer = front() - 0.4F;
    for (float s = random_.in(4, 9); s < 75;
         s += random_.in(2, 12) / std::max(0.2F, counts_.people)) {
      if (in_crossing(s, 0)) continue;
      const float x = random_.in(inner, std::max(inner, outer));
      const float yaw = random_.chance(0.5F) ? 0 : kHalfTurn;
      draw_person(place(side * x, s, kKerb, yaw + random_.in(-0.6F, 0.6F)), style_, random_);
      if (random_.chance(0.35F))
        draw_person(place(side * (x - 0.65F), s + 0.3F, kKerb, yaw + random_.in(-0.4F, 0.4F)),
                    style_, random_);
    }
    for (float s = random_.in(5, 16); s < 60; s += random_.in(9, 22)) {
      if (!random_.chance(counts_.parked_cycles) || in_crossing(s, 2)) continue;
      const bool motor = random_.chance(0.3F);
      const int count = motor ? 1 + random_.below(2) : 1 + random_.below(5);
      for (int i = 0; i < count; ++i) {
        const auto brush =
            place(side * (half_ + 1.3F), s + (motor ? 1.1F : 0.65F) * static_cast<float>(i), kKerb,
                  side * (kHalfTurn / 2 + random_.in(-0.5F, 0.5F)));
        cycle(brush, motor);
      }
    }
  }

  void cycle(const Brush& brush, bool motor) const {
    if (motor) {
      draw_motorcycle(brush, style_, random_);
    } else {
      draw_bicycle(brush, style_, random_);
    }
  }

  float vehicle(const Brush& brush) const {
    const float kind = random_.in(0, 1);
    if (kind < counts_.trucks) return draw_truck(brush, style_, random_);
    if (kind < counts_.trucks + counts_.buses) return draw_bus(brush, style_, random_);
    return draw_car(brush, style_, random_);
  }

  void parked(float side) const {
    if (road_.parking < 1) return;
    for (float s = random_.in(4, 10); s < 95; s += random_.in(5.6F, 7)) {
      if (!random_.chance(counts_.parked_cars) || in_crossing(s, 4)) continue;
      const auto brush = place(side * (half_ - 1.15F), s, 0, side > 0 ? 0 : kHalfTurn);
      if (random_.chance(0.05F)) {
        draw_truck(brush, style_, random_);
        s += 5;
      } else {
        draw_car(brush, style_, random_);
      }
    }
  }

  void traffic() const {
    for (const float side : {-1.0F, 1.0F}) {
      const float yaw = side > 0 ? 0 : kHalfTurn;
      for (int lane = 0; lane < road_.lanes; ++lane) {
        const float x = side * (static_cast<float>(lane) + 0.5F) * road_.lane;
        float s = random_.in(12, 30);
        if (road_.tram && lane == 0 && random_.chance(0.75F)) {
          const float middle = s + random_.in(12, 26);
          s = middle + draw_train(place(x, middle, 0, yaw), style_, random_) / 2 + 10;
        }
        while (s < 120) {
          if (random_.chance(counts_.moving_cars))
            s += vehicle(place(x + random_.in(-0.2F, 0.2F), s, 0, yaw));
          s += random_.in(9, 22);
        }
      }
      const float edge = side * (half_ - std::min(road_.parking, 2.2F) - 0.7F);
      for (float s = random_.in(7, 18); s < 70; s += random_.in(10, 22)) {
        if (!random_.chance(counts_.riders)) continue;
        const bool motor = random_.chance(0.4F);
        const auto brush =
            place(edge + random_.in(-0.4F, 0.4F), s, 0, yaw + random_.in(-0.15F, 0.15F));
        cycle(brush, motor);
        draw_rider(brush, style_, random_, motor);
      }
    }
  }

  void crossing() const {
    const auto [c, w] = *road_.crossing;
    for (const float side : {-1.0F, 1.0F}) {
      const float zebra = c + side * (w + 2);
      for (int i = random_.below(3); i > 0; --i)
        draw_person(place(random_.in(-half_, half_), zebra + random_.in(-1, 1), 0,
                          random_.sign() * kHalfTurn / 2),
                    style_, random_);
    }
    const float arm = style_.shapes.lamp_arms ? random_.in(2.5F, 5) : 0, x = half_ + 0.6F;
    const float back = random_.chance(0.5F) ? kHalfTurn : 0;
    draw_traffic_light(place(x, c - w - 1, kKerb, kHalfTurn), style_, random_, arm);
    draw_traffic_light(place(-x, c - w - 1, kKerb, kHalfTurn), style_, random_, 0);
    draw_traffic_light(place(x, c + w + 1, kKerb, back), style_, random_, arm);
    draw_traffic_light(place(-x, c + w + 1, kKerb, kHalfTurn), style_, random_, 0);
  }

  /// What closes the view.
  void horizon() const {
    for (int i = 0; i < 26; ++i) {
      const float x = random_.in(-150, 150), s = random_.in(kEnd + 12, kEnd + 120);
      if (std::abs(x) < half_ + 6) continue;
      const auto brush = place(x, s, 0, random_.in(-0.3F, 0.3F));
      if (random_.chance(counts_.building_share)) {
        draw_building(brush, style_, random_, random_.in(12, 30), 15);
      } else {
        for (int k = 0; k < 3; ++k)
          draw_tree(brush.at({random_.in(-8, 8), 0, random_.in(-5, 5)}), style_, random_);
      }
    }
    const auto hills = brush_.of(Category::kVegetation, random_.one_of(style_.materials.leaves));
    for (int i = 0; i < 7; ++i)
      hills.blob({random_.in(-320, 320), -6, random_.in(330, 480)},
                 {random_.in(50, 110), random_.in(12, 30), 40}, 0.3F, random_.in(0, 50), 12);
  }

  const Road& road_;
  const Style& style_;
  const Statistics& counts_;
  Random& random_;
  Brush brush_;
  float half_;  ///< of the carriageway
};

Light draw_light(const Weather& weather, Random& random) {
  const float height = degrees(random.in(weather.sun_height)),
              bearing = degrees(random.in(weather.sun_bearing));
  return {.to_sun = Vec(std::cos(height) * std::sin(bearing), std::sin(height),
                        std::cos(height) * std::cos(bearing)),
          .sun = weather.sun,
          .zenith = weather.zenith,
          .horizon = weather.horizon,
          .ground = weather.ground,
          .cloud_cover = random.in(weather.cloud_cover),
          .haze = random.in(weather.haze),
          .seed = random.in(0, 100)};
}

}  // namespace

Scene draw_scene(const Style& style, Random& random) {
  Scene scene;
  const auto road = Road::plan(style, random);
  Street(road, style, random, scene.mesh).draw();
  scene.light = draw_light(style.weather, random);
  const auto& optics = style.optics;
  const float x = road.lane / 2 + random.in(-0.4F, 0.4F), height = random.in(optics.height);
  const float pitch = degrees(random.in(optics.pitch)), yaw = degrees(random.in(-5, 5));
  scene.camera = {
      .position = {x, height, 0},
      .turn = (Eigen::AngleAxisf(yaw, Vec::UnitY()) * Eigen::AngleAxisf(pitch, Vec::UnitX()) *
               Eigen::AngleAxisf(degrees(random.in(-1.2F, 1.2F)), Vec::UnitZ()))
                  .toRotationMatrix(),
      .field = random.in(optics.field),
      .distortion = optics.distortion};
  if (optics.bonnet) {
    const Material paint{.colour = Vec::Constant(0.03F), .mirror = 0.25F};
    Brush(scene.mesh)
        .of(Category::kEgoVehicle, paint)
        .blob({x, height - 0.68F, 1.25F}, {0.95F, 0.36F, 1.1F}, 0, 0, 14);
  }
  return scene;
}

}  // namespace streets
