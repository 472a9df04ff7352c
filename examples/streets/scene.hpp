#pragma once

#include <Eigen/Geometry>

#include <cag/data/image_size.hpp>

#include "streets/mesh.hpp"
#include "streets/random.hpp"
#include "streets/style.hpp"

namespace streets {

/// A lens of its own: straight lines bend by `distortion`.
struct Camera {
  Vec position{0, 1.4F, 0};
  Eigen::Matrix3f turn = Eigen::Matrix3f::Identity();
  float field = 75;      ///< degrees across
  float distortion = 0;  ///< barrel where negative

  /// Where a point of the image looks. @param point  in pixels, (0, 0) the upper left corner
  Vec ray(const Vec2& point, const cag::ImageSize& size) const;
};

/// What lights a scene, and the air in it.
struct Light {
  Vec to_sun{0, 1, 0};
  Vec sun, zenith, horizon, ground;
  float cloud_cover = 0.5F;
  float haze = 0.002F;  ///< of 1/m
  float seed = 0;       ///< of the clouds

  /// The sky, or what is mirrored of the ground, in a direction of length 1.
  Vec sky(const Vec& direction) const;
};

/// One moment of one street.
struct Scene {
  Mesh mesh;
  Camera camera;
  Light light;
};

/// A street in the manner of `style`: street.cpp.
Scene draw_scene(const Style& style, Random& random);

}  // namespace streets
