#include "streets/render.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "catch.hpp"
#include "streets/brush.hpp"
#include "streets/develop.hpp"

using streets::Category;
using streets::Material;
using streets::Picture;
using streets::Random;
using streets::Scene;
using streets::Vec;
using streets::Vec2;

namespace {

constexpr cag::ImageSize kSize{.height = 48, .width = 96};

Scene scene_of(const streets::Style& style, std::uint64_t index) {
  Random random({.seed = 3, .index = index});
  return streets::draw_scene(style, random);
}

Picture drawn(const Scene& scene, const cag::ImageSize& size = kSize) {
  Random random({.seed = 4});
  return streets::render(scene, size, 1, random);
}

/// The scene without all that is of another category.
Scene alone(const Scene& scene, Category category) {
  Scene one{.mesh = {}, .camera = scene.camera, .light = scene.light};
  one.mesh.vertices = scene.mesh.vertices;
  one.mesh.surfaces = scene.mesh.surfaces;
  for (std::uint32_t t = 0; t < scene.mesh.triangles.size(); ++t) {
    if (scene.mesh.surface(t).category != category) continue;
    one.mesh.triangles.push_back(scene.mesh.triangles[t]);
    one.mesh.surface_of.push_back(scene.mesh.surface_of[t]);
  }
  return one;
}

}  // namespace

TEST_CASE("each category drawn alone, the nearest on top, gives the label of every pixel") {
  for (const auto& style : {streets::simulator(), streets::overcast(), streets::evening()}) {
    const auto scene = scene_of(style, 1);
    const auto whole = drawn(scene);
    std::set<Category> categories;
    for (const auto& surface : scene.mesh.surfaces) categories.insert(surface.category);
    std::vector<Category> seen(whole.pixels(), Category::kSky);
    std::vector<float> depth(whole.pixels(), std::numeric_limits<float>::infinity());
    for (const auto category : categories) {
      const auto one = alone(scene, category);
      if (one.mesh.triangles.empty()) continue;
      const auto picture = drawn(one);
      for (std::size_t i = 0; i < depth.size(); ++i)
        if (picture.depth[i] < depth[i]) {
          depth[i] = picture.depth[i];
          seen[i] = category;
        }
    }
    CHECK((seen == whole.seen));
  }
}

TEST_CASE("every category comes up in a few dozen scenes, and none as often as the road") {
  for (const auto& style : {streets::simulator(), streets::overcast()}) {
    std::map<Category, std::int64_t> pixels;
    for (std::uint64_t i = 0; i < 40; ++i)
      for (const auto category : drawn(scene_of(style, i), {.height = 36, .width = 72}).seen)
        ++pixels[category];
    INFO(style.name);
    CHECK(pixels.size() == (style.optics.bonnet ? 20 : 19));
    for (const auto& [category, count] : pixels) {
      INFO(static_cast<int>(category));
      CHECK(count <= pixels[Category::kRoad]);
    }
    CHECK(pixels[Category::kRoad] > 50 * pixels[Category::kTrafficLight]);
  }
}

TEST_CASE("a plate in front of the camera is seen where and as far away as it is") {
  Scene scene;
  scene.camera = {.position = {0, 2, 0}, .field = 90};
  scene.light = {.sun = Vec::Zero(),
                 .zenith = Vec::Ones(),
                 .horizon = Vec::Ones(),
                 .ground = Vec::Ones(),
                 .haze = 0};
  // 10 m ahead, the right half of the view and up to the middle.
  streets::Brush(scene.mesh)
      .of(Category::kWall, Material{.colour = Vec(0.5F, 0.25F, 0)})
      .quad({0, -20, 10}, {20, -20, 10}, {20, 2, 10}, {0, 2, 10});
  const auto picture = drawn(scene, {.height = 4, .width = 8});
  for (std::size_t y = 0; y < 4; ++y)
    for (std::size_t x = 0; x < 8; ++x) {
      const bool plate = y >= 2 && x >= 4;
      const auto i = 8 * y + x;
      CHECK((picture.seen[i] == (plate ? Category::kWall : Category::kSky)));
      if (!plate) continue;
      // 90 degrees across: at 10 m the half width of the view is 10 m, so a pixel is 2.5 m.
      const Vec middle(2.5F * (static_cast<float>(x) - 3.5F),
                       -2.5F * (static_cast<float>(y) - 1.5F), 10);
      CHECK(picture.depth[i] == Approx(middle.norm()).epsilon(1e-4));
      // Lit by an even sky, a surface shows its own colour.
      CHECK(picture.light[i].isApprox(Vec(0.5F, 0.25F, 0), 1e-3F));
    }
}

TEST_CASE("a surface in the shadow of another is darker, and one near another too") {
  Scene scene;
  scene.camera = {.position = {0, 20, 0},
                  .turn = Eigen::AngleAxisf(1.5707963F, Vec::UnitX()).toRotationMatrix(),
                  .field = 90};
  scene.light = {.to_sun = Vec(1, 1, 0).normalized(),
                 .sun = Vec::Ones(),
                 .zenith = Vec::Ones(),
                 .horizon = Vec::Ones(),
                 .ground = Vec::Zero(),
                 .haze = 0};
  const streets::Brush brush(scene.mesh);
  brush.of(Category::kRoad, Material{.colour = Vec::Ones()})
      .quad({-50, 0, -50}, {50, 0, -50}, {50, 0, 50}, {-50, 0, 50});
  const auto open = drawn(scene, {.height = 32, .width = 32});
  CHECK(open.light[0].x() == Approx(1 + std::sqrt(0.5)).epsilon(0.05));
  // A wall 4 m high along z; with the sun in the direction of x its shadow lies at negative x.
  brush.of(Category::kWall, Material{}).box({0, 0, -50}, {0.1F, 4, 50});
  Random random({.seed = 1});
  const auto shaded = streets::render(scene, {.height = 32, .width = 32}, 6, random);
  const auto at = [&](float x) {  // on the road: the view is 40 m across
    return shaded.light[16 * 32 + static_cast<std::size_t>(std::floor((x / 40 + 0.5F) * 32))].x();
  };
  CHECK(at(-2) < 1.05F);
  CHECK(at(-10) > 1.6F);
  CHECK(at(10) > 1.6F);
  CHECK(at(0.8F) < at(10) - 0.05F);  // less of the sky beside the wall
}

TEST_CASE("a camera's middle looks ahead and distortion moves the edges alone") {
  streets::Camera camera{.field = 90};
  const cag::ImageSize size{.height = 100, .width = 200};
  CHECK(camera.ray({100, 50}, size).isApprox(Vec::UnitZ()));
  CHECK(camera.ray({200, 50}, size).isApprox(Vec(1, 0, 1).normalized()));
  CHECK(camera.ray({100, 0}, size).isApprox(Vec(0, 0.5F, 1).normalized()));
  camera.distortion = 0.1F;
  CHECK(camera.ray({100, 50}, size).isApprox(Vec::UnitZ()));
  CHECK(camera.ray({200, 50}, size).isApprox(Vec(0.9F, 0, 1).normalized()));
}

TEST_CASE("development exposes to the middle, and each fault of a camera does what it says") {
  const streets::Optics perfect{.blur = {0, 0}, .exposure = {1, 1}, .noise = {0, 0}};
  Picture picture{.size = {.height = 16, .width = 16}, .light = {}, .seen = {}, .depth = {}};
  for (int i = 0; i < 256; ++i) picture.light.push_back(Vec::Constant(i % 16 < 8 ? 0.1F : 0.4F));
  const auto develop = [&](const streets::Optics& optics) {
    Random random({.seed = 2});
    return streets::develop(picture, optics, random);
  };
  // The middle (geometric mean) brightness 0.2 needs no gain: 255 (1 - exp(-2 x))^(1/2.2).
  const auto plain = develop(perfect);
  CHECK(static_cast<int>(plain[0]) == std::lround(255 * std::pow(1 - std::exp(-0.2), 1 / 2.2)));
  CHECK(static_cast<int>(plain[45]) == std::lround(255 * std::pow(1 - std::exp(-0.8), 1 / 2.2)));
  for (auto& light : picture.light) light *= 30;
  const auto brighter = develop(perfect);
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(std::abs(plain[i] - brighter[i]) <= 1);

  const auto step = [](const std::vector<std::uint8_t>& image) {
    return std::abs(image[3 * 8] - image[3 * 7]);
  };
  auto faulty = perfect;
  faulty.blur = {16, 16};  // one pixel of 16
  CHECK(step(develop(faulty)) < 0.7 * step(plain));
  faulty = perfect;
  faulty.vignette = 0.5F;
  CHECK(develop(faulty)[0] < plain[0] - 20);
  faulty = perfect;
  faulty.noise = {0.1F, 0.1F};
  const auto noisy = develop(faulty);
  double squares = 0;
  for (std::size_t i = 0; i < noisy.size(); ++i) squares += std::pow(noisy[i] - plain[i], 2);
  CHECK(std::sqrt(squares / static_cast<double>(noisy.size())) == Approx(25.5).epsilon(0.15));
  faulty = perfect;
  faulty.quality = {5, 5};
  CHECK((develop(faulty) != plain));
}
