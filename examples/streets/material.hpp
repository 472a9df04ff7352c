#pragma once

#include <Eigen/Core>

namespace streets {

using Vec = Eigen::Vector3f;   ///< metres, or linear red, green, blue
using Vec2 = Eigen::Vector2f;  ///< metres along a surface

/// How a material's two colours are spread over a surface.
enum class Pattern {
  kPlain,    ///< the first colour
  kMottled,  ///< between both, by smooth noise of `cell`
  kGrainy,   ///< mottled, with fine grain
  kSlabs,    ///< a grid of plates, joints of the second colour
  kBricks,   ///< rows of plates, every other one shifted by half
  kWindows,  ///< panes of the second colour, some lit, between walls of the first
  kStripes,  ///< bands of both along the first direction
  kRings,    ///< a disc with a rim of the second colour
};

/// Procedural: a colour for each point of a surface, in metres.
struct Material {
  Vec colour{0.5F, 0.5F, 0.5F};
  Vec second{0.5F, 0.5F, 0.5F};
  Pattern pattern = Pattern::kPlain;
  Vec2 cell{1, 1};   ///< size of what repeats
  float joint = 0;   ///< width of what separates; for kWindows the share of a cell that is pane
  float stain = 0;   ///< how far dirt changes the brightness, 0 to 1
  float mirror = 0;  ///< share of light that is mirrored at a right angle
  float glow = 0;    ///< light sent out, as a factor of the colour; of lit panes for kWindows
};

/// A material at one point.
struct Paint {
  Vec colour;
  float mirror;
  Vec glow;
};

/// @param place  along the surface  @param position  in space, which noise is drawn from
Paint paint_at(const Material& material, const Vec2& place, const Vec& position);

}  // namespace streets
