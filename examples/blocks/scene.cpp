#include "blocks/scene.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <ATen/ops/empty.h>

#include <cag/data/colour.hpp>

namespace blocks {
namespace {

using cag::Colour;

enum Id : std::uint8_t {
  kRoad = 7,
  kSidewalk = 8,
  kBuilding = 11,
  kPole = 17,
  kSign = 20,
  kVegetation = 21,
  kSky = 23,
  kPerson = 24,
  kCar = 26,
};

/// Paints shapes whose coordinates are shares of the picture, the later ones over the earlier.
class Canvas {
 public:
  explicit Canvas(cag::ImageSize size)
      : size_(size),
        scene_{at::empty({size.height, size.width, 3}, at::kByte),
               at::empty({size.height, size.width}, at::kByte)} {}

  /// Where `inside(x, y)` holds for a pixel's centre, within the given box.
  template <typename Inside>
  void paint(double left, double top, double right, double bottom, Id id, Colour colour,
             Inside inside) {
    const auto width = static_cast<double>(size_.width), height = static_cast<double>(size_.height);
    const auto x0 = at_pixel(left * width, size_.width), y0 = at_pixel(top * height, size_.height);
    // A pole is a pixel wide at least, however small the picture.
    const auto x1 = std::clamp(at_pixel(right * width, size_.width), x0, size_.width);
    const auto y1 = std::clamp(at_pixel(bottom * height, size_.height), y0, size_.height);
    auto image = scene_.image.accessor<std::uint8_t, 3>();
    auto ids = scene_.ids.accessor<std::uint8_t, 2>();
    for (auto y = y0; y < std::max(y1, std::min(y0 + 1, size_.height)); ++y) {
      for (auto x = x0; x < std::max(x1, std::min(x0 + 1, size_.width)); ++x) {
        if (!inside((static_cast<double>(x) + 0.5) / width,
                    (static_cast<double>(y) + 0.5) / height))
          continue;
        ids[y][x] = id;
        for (std::int64_t c = 0; c < 3; ++c) image[y][x][c] = colour[static_cast<std::size_t>(c)];
      }
    }
  }

  void box(double left, double top, double right, double bottom, Id id, Colour colour) {
    paint(left, top, right, bottom, id, colour, [](double, double) { return true; });
  }

  void ellipse(double x, double y, double rx, double ry, Id id, Colour colour) {
    paint(x - rx, y - ry, x + rx, y + ry, id, colour,
          [&](double px, double py) { return std::hypot((px - x) / rx, (py - y) / ry) <= 1; });
  }

  Scene scene() const { return scene_; }

 private:
  static std::int64_t at_pixel(double position, std::int64_t end) {
    return std::clamp<std::int64_t>(std::llround(position), 0, end);
  }

  cag::ImageSize size_;
  Scene scene_;
};

/// `base`, a little lighter or darker.
Colour near(Colour base, double spread, cag::Stream& stream) {
  const auto factor = stream.uniform(1 - spread, 1 + spread);
  for (auto& value : base)
    value = static_cast<std::uint8_t>(std::min(255.0, std::round(value * factor)));
  return base;
}

template <std::size_t N>
Colour one_of(const Colour (&colours)[N], cag::Stream& stream) {
  return near(colours[static_cast<std::size_t>(stream.below(N))], 0.1, stream);
}

void draw_backdrop(Canvas& canvas, double horizon, cag::Stream& stream) {
  static constexpr Colour kWalls[]{{176, 96, 74}, {200, 172, 128}, {150, 140, 134}, {122, 90, 72}};
  canvas.box(0, 0, 1, 1, kSky, near({150, 196, 240}, 0.06, stream));
  for (double x = stream.uniform(-0.15, 0.05); x < 1;) {
    const auto right = x + stream.uniform(0.12, 0.28);
    const auto top = stream.uniform(0.08, horizon - 0.1);
    canvas.box(x, top, right, horizon, kBuilding, one_of(kWalls, stream));
    const auto glass = near({70, 84, 104}, 0.15, stream);
    for (auto wx = x + 0.02; wx + 0.02 < right; wx += 0.045)
      for (auto wy = top + 0.03; wy + 0.05 < horizon; wy += 0.09)
        canvas.box(wx, wy, wx + 0.02, wy + 0.045, kBuilding, glass);
    x = right + (stream.bernoulli(0.4) ? stream.uniform(0.02, 0.12) : 0);
  }
  for (auto trees = 2 + stream.below(3); trees > 0; --trees) {
    const auto x = stream.uniform01(), r = stream.uniform(0.05, 0.1);
    const auto y = horizon - stream.uniform(0.08, 0.16);
    canvas.box(x - 0.008, y, x + 0.008, horizon + 0.02, kVegetation, {92, 70, 44});
    for (int crown = 0; crown < 3; ++crown)
      canvas.ellipse(x + stream.uniform(-r, r) / 2, y + stream.uniform(-r, r) / 2, r, 1.4 * r,
                     kVegetation, near({74, 138, 52}, 0.15, stream));
  }
}

void draw_ground(Canvas& canvas, double horizon, double vanishing, cag::Stream& stream) {
  canvas.box(0, horizon, 1, 1, kSidewalk, near({206, 186, 190}, 0.06, stream));
  const auto near_half = stream.uniform(0.32, 0.48), far_half = stream.uniform(0.04, 0.08);
  const auto strip = [&](double half, double far, Colour colour, auto also) {
    canvas.paint(0, horizon, 1, 1, kRoad, colour, [&](double x, double y) {
      const auto depth = (y - horizon) / (1 - horizon);
      const auto centre = vanishing + (0.5 - vanishing) * depth;
      return std::abs(x - centre) <= far + (half - far) * depth && also(depth);
    });
  };
  strip(near_half, far_half, near({98, 98, 104}, 0.08, stream), [](double) { return true; });
  const auto phase = stream.uniform01();
  strip(0.012, 0.004, {236, 236, 228},
        [&](double depth) { return std::fmod(4 * std::sqrt(depth) + phase, 1.0) < 0.5; });
}

/// Cars, people, poles with signs, the far ones first.
void draw_things(Canvas& canvas, double horizon, cag::Stream& stream) {
  static constexpr Colour kPaints[]{{196, 30, 36}, {34, 70, 176}, {232, 232, 236}, {40, 40, 46}};
  static constexpr Colour kClothes[]{{214, 84, 132}, {236, 140, 44}, {104, 60, 140}};
  static constexpr Colour kSigns[]{{250, 214, 30}, {24, 96, 214}};
  for (auto depth = stream.uniform(0.12, 0.2); depth < 0.8; depth += stream.uniform(0.12, 0.25)) {
    const auto foot = horizon + depth * (1 - horizon);
    const auto side = stream.bernoulli(0.5) ? 1.0 : -1.0;
    const auto pole = 0.5 - side * stream.uniform(0.3, 0.48);
    const auto top = foot - 0.25 - 0.4 * depth;
    canvas.box(pole - 0.005, top, pole + 0.005, foot, kPole, near({86, 90, 94}, 0.1, stream));
    canvas.box(pole - 0.03, top, pole + 0.03, top + 0.1, kSign, one_of(kSigns, stream));
    const auto person = 0.5 + side * stream.uniform(0.3, 0.47);
    const auto tall = 0.12 + 0.22 * depth;
    canvas.box(person - 0.09 * tall, foot - tall, person + 0.09 * tall, foot - 0.75 * tall, kPerson,
               {222, 172, 140});
    canvas.box(person - 0.14 * tall, foot - 0.77 * tall, person + 0.14 * tall, foot - 0.4 * tall,
               kPerson, one_of(kClothes, stream));
    canvas.box(person - 0.11 * tall, foot - 0.42 * tall, person + 0.11 * tall, foot, kPerson,
               {48, 52, 92});
    const auto car = 0.5 + stream.uniform(0.05, 0.25) * (0.3 + depth) * -side;
    const auto half = 0.05 + 0.1 * depth, high = 0.08 + 0.16 * depth;
    const auto paint = one_of(kPaints, stream);
    canvas.box(car - 0.6 * half, foot - high, car + 0.6 * half, foot - 0.5 * high, kCar, paint);
    canvas.box(car - 0.5 * half, foot - 0.92 * high, car + 0.5 * half, foot - 0.6 * high, kCar,
               {66, 84, 98});
    canvas.box(car - half, foot - 0.6 * high, car + half, foot - 0.12 * high, kCar, paint);
    for (const auto wheel : {-0.6, 0.6})
      canvas.ellipse(car + wheel * half, foot - 0.14 * high, 0.22 * half, 0.16 * high, kCar,
                     {24, 24, 26});
  }
}

}  // namespace

Scene Scene::draw(cag::ImageSize size, cag::Stream& stream) {
  Canvas canvas(size);
  const auto horizon = stream.uniform(0.38, 0.5);
  draw_backdrop(canvas, horizon, stream);
  draw_ground(canvas, horizon, stream.uniform(0.35, 0.65), stream);
  draw_things(canvas, horizon, stream);
  return canvas.scene();
}

}  // namespace blocks
