#include "streets/develop.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <new>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_ONLY_JPEG
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>

namespace streets {
namespace {

const Vec kLuminance(0.2126F, 0.7152F, 0.0722F);

/// One direction of a Gaussian blur, edges repeated.
std::vector<Vec> blurred(const std::vector<Vec>& image, std::int64_t count, std::int64_t stride,
                         std::int64_t lines, std::int64_t line_stride, float deviation) {
  const auto reach = static_cast<std::int64_t>(std::ceil(3 * deviation));
  std::vector<float> weights;
  float sum = 0;
  for (std::int64_t k = -reach; k <= reach; ++k) {
    const auto d = static_cast<float>(k) / deviation;
    weights.push_back(std::exp(-d * d / 2));
    sum += weights.back();
  }
  std::vector<Vec> result(image.size());
  for (std::int64_t line = 0; line < lines; ++line)
    for (std::int64_t i = 0; i < count; ++i) {
      Vec total = Vec::Zero();
      for (std::int64_t k = -reach; k <= reach; ++k) {
        const auto from = std::clamp<std::int64_t>(i + k, 0, count - 1);
        total += weights[static_cast<std::size_t>(k + reach)] *
                 image[static_cast<std::size_t>(line * line_stride + from * stride)];
      }
      result[static_cast<std::size_t>(line * line_stride + i * stride)] = total / sum;
    }
  return result;
}

/// The factor that brings the middle brightness of the lower part to that of a grey card.
float gain(const Picture& picture) {
  double sum = 0;
  const auto first = picture.pixels() / 4;
  for (auto i = first; i < picture.pixels(); ++i)
    sum += std::log(1e-3 + kLuminance.dot(picture.light[i]));
  return 0.2F / static_cast<float>(std::exp(sum / static_cast<double>(picture.pixels() - first)));
}

float display(float light) { return std::pow(1 - std::exp(-2 * std::max(light, 0.0F)), 1 / 2.2F); }

void append(void* bytes, void* data, int size) {
  const auto* first = static_cast<std::uint8_t*>(data);
  static_cast<std::vector<std::uint8_t>*>(bytes)->insert(
      static_cast<std::vector<std::uint8_t>*>(bytes)->end(), first, first + size);
}

/// Through a JPEG file and back.
void compress(std::vector<std::uint8_t>& image, const cag::ImageSize& size, int quality) {
  std::vector<std::uint8_t> file;
  const auto width = static_cast<int>(size.width), height = static_cast<int>(size.height);
  stbi_write_jpg_to_func(append, &file, width, height, 3, image.data(), quality);
  int w = 0, h = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> decoded(
      stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &w, &h, &channels, 3),
      stbi_image_free);
  if (!decoded) throw std::bad_alloc();
  std::copy_n(decoded.get(), image.size(), image.begin());
}

}  // namespace

std::vector<std::uint8_t> develop(const Picture& picture, const Optics& optics, Random& random) {
  const auto [height, width] = picture.size;
  auto light = picture.light;
  const float blur = random.in(optics.blur) * static_cast<float>(width) / 256;
  if (blur > 0.05F) {
    light = blurred(light, width, 1, height, width, blur);
    light = blurred(light, height, width, width, 1, blur);
  }
  const float exposure = random.in(optics.exposure) * gain(picture);
  const float noise = random.in(optics.noise);
  const float warmth = random.in(optics.warmth);
  const Vec white = optics.white.cwiseProduct(Vec(1 + warmth, 1, 1 - warmth));
  std::vector<std::uint8_t> image;
  image.reserve(3 * light.size());
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const Vec2 off(2 * static_cast<float>(x) / static_cast<float>(width) - 1,
                     2 * static_cast<float>(y) / static_cast<float>(height) - 1);
      Vec colour = light[static_cast<std::size_t>(y * width + x)].cwiseProduct(white);
      colour *= exposure * (1 - optics.vignette * off.squaredNorm() / 2);
      const Vec grey = Vec::Constant(kLuminance.dot(colour));
      colour = grey + optics.saturation * (colour - grey);
      const float shared = random.normal();  // brightness noise is stronger than colour noise
      for (int c = 0; c < 3; ++c) {
        float value = display(colour[c]);
        value = 0.5F + optics.contrast * (value - 0.5F);
        value += noise * (0.8F * shared + 0.6F * random.normal());
        image.push_back(
            static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0F, 1.0F))));
      }
    }
  const auto quality = static_cast<int>(std::lround(random.in(optics.quality)));
  if (quality < 100) compress(image, picture.size, quality);
  return image;
}

}  // namespace streets
