#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>

#include "streets/brush.hpp"
#include "streets/random.hpp"
#include "streets/style.hpp"

namespace streets {

/// The course and the cross-section of a street. Places on it: x to the right of its middle line, s
/// along it, in metres.
struct Road {
  static constexpr float kBegin = -16, kEnd = 150;
  static constexpr float kKerb = 0.13F;  ///< height of the sidewalk
  static constexpr float kHalfTurn = std::numbers::pi_v<float>;

  /// Another street, at right angles.
  struct Crossing {
    float s, half;
  };

  float bend = 0;  ///< x moves by bend s^2
  int lanes = 1;   ///< each way
  float lane = 3;
  float parking = 2;  ///< between the lanes and the kerb
  float verge = 0;    ///< grass between the kerb and the sidewalk
  float sidewalk = 3;
  bool tram = false;
  std::optional<Crossing> crossing{};
  Material surface{}, paving{};  ///< of the road, and of the sidewalks

  static Road plan(const Style& style, Random& random);

  float kerb() const { return static_cast<float>(lanes) * lane + parking; }
  float front() const { return kerb() + verge + sidewalk; }
  bool in_crossing(float s, float margin) const {
    return crossing && std::abs(s - crossing->s) < crossing->half + margin;
  }

  Vec point(float x, float s, float y) const { return {x + bend * s * s, y, s}; }
  Brush place(const Brush& brush, float x, float s, float y = 0, float yaw = 0) const {
    return brush.at(point(x, s, y), std::atan(2 * bend * s) + yaw);
  }
  /// On the sidewalk. Its x axis runs along the street, over the stretch from s to s + length, and
  /// its z axis away from the street.
  Brush along(const Brush& brush, float side, float x, float s, float length) const {
    return place(brush, side * x, side > 0 ? s + length : s, kKerb, side * kHalfTurn / 2);
  }

  /// A strip of ground that follows the street.
  void ribbon(const Brush& brush, float x0, float x1, float s0, float s1, float y) const;

  /// Calls `f(s0, s1)` for the stretches of the street between crossings.
  template <typename F>
  void spans(F&& f) const {
    if (crossing) {
      f(kBegin, crossing->s - crossing->half);
      f(crossing->s + crossing->half, kEnd);
    } else {
      f(kBegin, kEnd);
    }
  }

  /// The ground as far as one sees, carriageway, kerbs, sidewalks and markings.
  void draw(const Brush& brush, const Materials& materials, Random& random) const;

 private:
  void draw_side(const Brush& brush, const Materials& materials, float side) const;
  void draw_markings(const Brush& brush, const Materials& materials) const;
  void draw_rails(const Brush& brush) const;
  void draw_crossing(const Brush& brush, const Materials& materials, Random& random) const;
};

}  // namespace streets
