#include "streets/render.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "streets/tracer.hpp"

namespace streets {
namespace {

constexpr float kSunRadius = 0.02F;  // rad: what softens shadows
constexpr float kNear = 5;           // m: what is nearer takes away ambient light

/// A direction about `normal`, likelier the nearer it is to it.
Vec around(const Vec& normal, Random& random) {
  const float angle = random.in(0, 2 * std::numbers::pi_v<float>), share = random.in(0, 1);
  const Vec u = normal.unitOrthogonal(), v = normal.cross(u);
  const float out = std::sqrt(share);
  return (out * (std::cos(angle) * u + std::sin(angle) * v) + std::sqrt(1 - share) * normal)
      .normalized();
}

class Shader {
 public:
  Shader(const Scene& scene, Random& random)
      : scene_(scene), light_(scene.light), tracer_(scene.mesh), random_(random) {}

  const Tracer& tracer() const { return tracer_; }

  /// What comes along a ray.
  Vec seen(const Vec& direction) {
    const auto hit = tracer_.first(scene_.camera.position, direction);
    if (!hit) return light_.sky(direction);
    const Vec colour = reflected(*hit, direction);
    const float clear = std::exp(-light_.haze * hit->distance);
    const Vec air = light_.horizon * 0.95F;
    return air + clear * (colour - air);
  }

 private:
  Vec reflected(const Hit& hit, const Vec& direction) {
    const Vec position = scene_.camera.position + hit.distance * direction;
    const auto paint = paint_at(scene_.mesh.surface(hit.triangle).material, hit.place, position);
    const Vec start = position + 2e-3F * hit.normal;

    Vec light = ambient(hit.normal);
    if (const auto near = tracer_.first(start, around(hit.normal, random_)))
      light *= 1 - 0.7F * std::max(0.0F, 1 - near->distance / kNear);
    const Vec to_sun =
        (light_.to_sun + kSunRadius * Vec(random_.in(-1, 1), random_.in(-1, 1), random_.in(-1, 1)))
            .normalized();
    const float facing = hit.normal.dot(to_sun);
    if (facing > 0 && !tracer_.blocked(start, to_sun)) light += facing * light_.sun;
    Vec colour = paint.colour.cwiseProduct(light);

    if (paint.mirror > 0) {
      const float along = -direction.dot(hit.normal);
      const Vec away = direction + 2 * along * hit.normal;
      const float share =
          paint.mirror + (1 - paint.mirror) * std::pow(1 - std::clamp(along, 0.0F, 1.0F), 5.0F);
      const Vec mirrored = tracer_.blocked(start, away)
                               ? Vec(0.25F * light_.ground + 0.1F * light_.horizon)
                               : light_.sky(away);
      colour += share * (mirrored - colour);
    }
    return colour + paint.glow;
  }

  /// From the whole sky and ground.
  Vec ambient(const Vec& normal) const {
    const float up = 0.5F + 0.5F * normal.y();
    return up * (0.5F * light_.zenith + 0.5F * light_.horizon) + (1 - up) * light_.ground;
  }

  const Scene& scene_;
  const Light& light_;
  Tracer tracer_;
  Random& random_;
};

}  // namespace

Picture render(const Scene& scene, const cag::ImageSize& size, int samples, Random& random) {
  Shader shader(scene, random);
  Picture picture{.size = size, .light = {}, .seen = {}, .depth = {}};
  const float step = 1 / static_cast<float>(samples);
  for (std::int64_t y = 0; y < size.height; ++y) {
    for (std::int64_t x = 0; x < size.width; ++x) {
      const Vec2 corner(static_cast<float>(x), static_cast<float>(y));
      const auto middle = scene.camera.ray(corner + Vec2(0.5F, 0.5F), size);
      const auto hit = shader.tracer().first(scene.camera.position, middle);
      picture.seen.push_back(hit ? scene.mesh.surface(hit->triangle).category : Category::kSky);
      picture.depth.push_back(hit ? hit->distance : std::numeric_limits<float>::infinity());
      Vec sum = Vec::Zero();
      for (int i = 0; i < samples; ++i)
        for (int j = 0; j < samples; ++j) {
          const Vec2 at((static_cast<float>(i) + random.in(0, 1)) * step,
                        (static_cast<float>(j) + random.in(0, 1)) * step);
          sum += shader.seen(scene.camera.ray(corner + at, size)).cwiseMin(8);
        }
      picture.light.push_back(sum * step * step);
    }
  }
  return picture;
}

}  // namespace streets
