#include "streets/scene.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "streets/noise.hpp"

namespace streets {

Vec Camera::ray(const Vec2& point, const cag::ImageSize& size) const {
  const float half = static_cast<float>(size.width) / 2;
  const float scale = std::tan(field * std::numbers::pi_v<float> / 360);
  Vec2 p((point.x() - half) / half, (static_cast<float>(size.height) / 2 - point.y()) / half);
  p *= scale * (1 - distortion * p.squaredNorm());
  return turn * Vec(p.x(), p.y(), 1).normalized();
}

Vec Light::sky(const Vec& direction) const {
  if (direction.y() < 0) return ground + (horizon - ground) * std::exp(8 * direction.y());
  const float rise = std::pow(direction.y(), 0.45F);
  Vec colour = horizon + rise * (zenith - horizon);
  // A layer of clouds, flat and far.
  const float spread = 1 / (direction.y() + 0.12F);
  const Vec where(direction.x() * spread + seed, direction.z() * spread, seed);
  const float cover =
      std::clamp(2.5F * (fractal_noise(0.8F * where, 5) + cloud_cover - 0.45F), 0.0F, 1.0F);
  const Vec cloud = 0.85F * horizon + 0.12F * sun + Vec::Constant(0.05F);
  colour += 0.85F * cover * std::min(1.0F, 5 * direction.y()) * (cloud - colour);
  const float towards = std::max(0.0F, direction.dot(to_sun));
  return colour + (1 - 0.9F * cover) *
                      (0.25F * std::pow(towards, 24.0F) + 3 * std::pow(towards, 1500.0F)) * sun;
}

}  // namespace streets
