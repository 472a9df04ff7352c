#include "streets/vehicles.hpp"

#include <cmath>
#include <vector>

namespace streets {
namespace {

const Material kRubber{.colour = Vec(0.03F, 0.03F, 0.03F)};
const Material kSteel{.colour = Vec(0.35F, 0.36F, 0.38F), .mirror = 0.2F};
const Material kDark{.colour = Vec(0.05F, 0.05F, 0.055F)};
const Material kGlass{.colour = Vec(0.03F, 0.04F, 0.05F), .mirror = 0.35F};

Material paint(const Vec& colour) { return {.colour = colour, .stain = 0.08F, .mirror = 0.06F}; }

Material head_lamp(const Style& style) {
  return {.colour = Vec(0.95F, 0.93F, 0.85F), .mirror = 0.1F, .glow = style.weather.lamps};
}
Material tail_lamp(const Style& style) {
  return {.colour = Vec(0.6F, 0.03F, 0.02F), .mirror = 0.1F, .glow = style.weather.lamps};
}

/// Two wheels on one axle.
void wheels(const Brush& brush, float half_width, float z, float radius) {
  for (const float side : {-1.0F, 1.0F}) {
    const Vec out(side, 0, 0);
    const Vec hub(side * half_width, radius, z);
    brush.of(kRubber).tube(hub - 0.25F * out, hub, radius, radius, 14);
    brush.of(kSteel).disc(hub + 0.01F * out, out, 0.6F * radius, 10);
  }
}

/// Head lamps and tail lamps, and a number plate at each end.
void lights(const Brush& brush, const Style& style, float half_width, float front, float rear,
            float y) {
  const auto head = brush.of(head_lamp(style));
  const auto tail = brush.of(tail_lamp(style));
  for (const float side : {-1.0F, 1.0F}) {
    const float x = side * (half_width - 0.22F);
    head.box({x - 0.17F, y - 0.07F, front - 0.05F}, {x + 0.17F, y + 0.07F, front + 0.02F});
    tail.box({x - 0.15F, y - 0.09F, rear - 0.02F}, {x + 0.15F, y + 0.12F, rear + 0.05F});
  }
  const auto plate = brush.of(Material{.colour = Vec(0.8F, 0.8F, 0.75F)});
  for (const float z : {front, rear})
    plate.box({-0.26F, y - 0.3F, z - 0.03F}, {0.26F, y - 0.19F, z + 0.03F});
}

/// A band of panes on both sides of a box-shaped vehicle.
void side_panes(const Brush& brush, float half_width, float rear, float front, float low,
                float high, int count) {
  const auto glass = brush.of(kGlass);
  const float step = (front - rear) / static_cast<float>(count);
  for (int i = 0; i < count; ++i) {
    const float z = rear + step * static_cast<float>(i);
    for (const float side : {-1.0F, 1.0F})
      glass.box({side * half_width - 0.015F, low, z + 0.06F},
                {side * half_width + 0.015F, high, z + step - 0.06F});
  }
}

}  // namespace

float draw_car(const Brush& brush, const Style& style, Random& random) {
  const float length = style.shapes.car_length * random.in(3.9F, 4.7F);
  const float half = random.in(0.84F, 0.93F);
  const float belt = random.in(0.85F, 0.98F);
  const float roof = belt + random.in(0.5F, 0.72F);
  const float front = length / 2, rear = -length / 2;
  const bool saloon = random.chance(0.4F);
  const bool estate = !saloon && random.chance(0.4F);
  const auto car = brush.of(Category::kCar, paint(random.one_of(style.materials.car_paints)));

  car.hull({{rear, 0.32F},
            {front, 0.32F},
            {front, 0.62F},
            {front - 0.14F, 0.76F},
            {front - 0.3F * length, belt},
            {rear + 0.2F, belt + 0.02F},
            {rear, belt - 0.12F}},
           half, 0.6F, 0.12F);
  const float screen = front - 0.27F * length;
  const float back = saloon ? rear + 0.16F * length : rear + 0.03F * length;
  const float roof_front = screen - random.in(0.14F, 0.2F) * length;
  const float roof_back = back + (estate ? 0.05F : saloon ? 0.16F : 0.1F) * length;
  const std::vector<Vec2> cabin{
      {back, belt}, {screen, belt}, {roof_front, roof}, {roof_back, roof}};
  const float draw_in = style.shapes.car_roundness;
  car.of(kGlass).hull(cabin, half - 0.06F, belt, draw_in);
  const float top = half - 0.06F - draw_in * (roof - belt);
  car.box({-top - 0.02F, roof - 0.05F, roof_back - 0.05F},
          {top + 0.02F, roof + 0.02F, roof_front + 0.05F});
  const float pillar = (roof_front + roof_back) / 2;
  for (const float side : {-1.0F, 1.0F}) {
    car.tube({side * (half - 0.06F), belt, pillar - 0.1F}, {side * top, roof, pillar - 0.1F}, 0.05F,
             0.05F, 5);
    car.tube({side * (half - 0.06F), belt, screen}, {side * top, roof, roof_front}, 0.04F, 0.04F,
             5);
    car.tube({side * (half - 0.06F), belt, back}, {side * top, roof, roof_back}, 0.07F, 0.07F, 5);
    car.box({side * (half + 0.09F) - 0.08F, belt, screen - 0.5F},
            {side * (half + 0.09F) + 0.08F, belt + 0.13F, screen - 0.4F});
  }
  const auto dark = car.of(kDark);
  dark.box({-half + 0.08F, 0.16F, rear + 0.1F}, {half - 0.08F, 0.34F, front - 0.1F});
  dark.box({-0.5F, 0.42F, front - 0.02F}, {0.5F, 0.56F, front + 0.015F});
  wheels(car, half + 0.01F, 0.31F * length, 0.33F);
  wheels(car, half + 0.01F, -0.3F * length, 0.33F);
  lights(car, style, half, front, rear, 0.68F);
  return length;
}

float draw_truck(const Brush& brush, const Style& style, Random& random) {
  const float load = random.in(4.5F, 7.5F), cab = random.in(1.7F, 2.2F);
  const float half = random.in(1.1F, 1.25F);
  const float top = random.in(3.1F, 3.7F), cab_top = random.in(2.4F, 2.9F);
  const float rear = -(load + cab) / 2, front = (load + cab) / 2;
  const auto truck = brush.of(Category::kTruck, paint(random.one_of(style.materials.car_paints)));
  truck.hull({{front - cab, 0.6F},
              {front, 0.6F},
              {front, 1.5F},
              {front - 0.25F, cab_top},
              {front - cab, cab_top}},
             half - 0.05F, 1.5F, 0.05F);
  const auto glass = truck.of(kGlass);
  glass.quad({-half + 0.15F, 1.5F, front + 0.015F}, {half - 0.15F, 1.5F, front + 0.015F},
             {half - 0.25F, cab_top - 0.2F, front - 0.2F},
             {-half + 0.25F, cab_top - 0.2F, front - 0.2F});
  side_panes(truck, half - 0.05F, front - 1.2F, front - 0.35F, 1.5F, cab_top - 0.35F, 1);

  const Vec cargo =
      random.chance(0.5F) ? Vec(0.75F, 0.75F, 0.73F) : random.one_of(style.materials.car_paints);
  Material skin{.colour = cargo,
                .second = 0.8F * cargo,
                .pattern = Pattern::kStripes,
                .cell = {0.6F, 9},
                .joint = 0.08F,
                .stain = 0.25F};
  const auto body = truck.of(skin);
  body.box({-half, 0.95F, rear}, {half, top, front - cab - 0.15F});
  const auto dark = truck.of(kDark);
  dark.box({-half + 0.3F, 0.5F, rear + 0.1F}, {half - 0.3F, 0.95F, front - 0.1F});
  dark.box({-half + 0.05F, 0.45F, rear - 0.03F}, {half - 0.05F, 0.6F, rear + 0.05F});
  dark.box({-half + 0.25F, 0.75F, front - 0.05F}, {half - 0.25F, 1.2F, front + 0.02F});
  wheels(truck, half, front - 0.6F * cab, 0.48F);
  wheels(truck, half, rear + 0.22F * load, 0.48F);
  wheels(truck, half, rear + 0.22F * load + 1.1F, 0.48F);
  lights(truck, style, half, front, rear, 0.85F);
  return load + cab;
}

float draw_bus(const Brush& brush, const Style& style, Random& random) {
  const float length = random.in(9, 12), half = 1.26F, top = random.in(2.9F, 3.2F);
  const float front = length / 2, rear = -length / 2;
  const Vec colour = random.one_of(style.materials.car_paints);
  const auto bus = brush.of(Category::kBus, paint(colour));
  bus.hull(
      {{rear, 0.3F}, {front, 0.3F}, {front + 0.1F, 1.2F}, {front - 0.1F, top}, {rear + 0.1F, top}},
      half, 2.6F, 0.25F);
  bus.of(paint(0.4F * colour + Vec::Constant(0.4F)))
      .box({-half - 0.01F, 0.95F, rear - 0.01F}, {half + 0.01F, 1.2F, front + 0.05F});
  side_panes(bus, half, rear + 0.5F, front - 0.5F, 1.35F, 2.45F, 7);
  const auto glass = bus.of(kGlass);
  glass.quad({-half + 0.1F, 1.1F, front + 0.12F}, {half - 0.1F, 1.1F, front + 0.12F},
             {half - 0.15F, 2.45F, front - 0.01F}, {-half + 0.15F, 2.45F, front - 0.01F});
  glass.box({-half + 0.2F, 1.5F, rear - 0.02F}, {half - 0.2F, 2.4F, rear + 0.05F});
  const auto display = bus.of(Material{.colour = Vec(0.9F, 0.5F, 0.05F), .glow = 0.6F});
  display.box({-0.75F, 2.55F, front - 0.05F}, {0.75F, 2.75F, front + 0.02F});
  display.box({-0.5F, 2.5F, rear - 0.02F}, {0.5F, 2.68F, rear + 0.05F});
  const auto dark = bus.of(kDark);
  for (const float z : {front - 1.3F, -0.3F})
    dark.box({half - 0.01F, 0.4F, z - 0.5F}, {half + 0.02F, 2.45F, z + 0.5F});
  dark.box({-half + 0.1F, 0.18F, rear + 0.2F}, {half - 0.1F, 0.32F, front - 0.2F});
  wheels(bus, half, front - 2.4F, 0.48F);
  wheels(bus, half, rear + 2.6F, 0.48F);
  lights(bus, style, half, front + 0.06F, rear, 0.75F);
  return length;
}

float draw_train(const Brush& brush, const Style& style, Random& random) {
  const int cars = 2 + random.below(3);
  const float car = random.in(7, 9), half = 1.2F,
              floor = style.shapes.low_floor_trains ? 0.25F : 0.7F;
  const float top = floor + random.in(2.8F, 3.1F);
  const float length = static_cast<float>(cars) * car;
  const Vec colour = random.one_of(style.materials.car_paints);
  const auto train = brush.of(Category::kTrain, paint(colour));
  const Material upper = paint(0.3F * colour + Vec::Constant(0.5F));
  for (int i = 0; i < cars; ++i) {
    const float rear = -length / 2 + car * static_cast<float>(i);
    const bool first = i == cars - 1, last = i == 0;
    const float front = rear + car - 0.35F;
    const float nose = first ? 0.9F : 0, tail = last ? 0.9F : 0;
    train.hull({{rear, floor},
                {front, floor},
                {front, floor + 1},
                {front - nose, top},
                {rear + tail, top},
                {rear, floor + 1}},
               half, top - 0.5F, 0.5F);
    train.of(upper).box({-half - 0.012F, floor + 0.9F, rear + 0.05F + tail},
                        {half + 0.012F, top - 0.5F, front - 0.05F - nose});
    side_panes(train, half + 0.015F, rear + 0.3F + tail, front - 0.3F - nose, floor + 1,
               top - 0.65F, 4);
    if (!last)
      train.of(kDark).box({-half + 0.15F, floor + 0.1F, rear - 0.4F},
                          {half - 0.15F, top - 0.25F, rear + 0.05F});
    train.of(kDark).box({-half + 0.2F, 0.05F, rear + 1}, {half - 0.2F, floor + 0.02F, front - 1});
  }
  const auto glass = train.of(kGlass);
  const float front = length / 2 - 0.35F, rear = -length / 2;
  glass.quad({-half + 0.2F, floor + 1.05F, front + 0.02F},
             {half - 0.2F, floor + 1.05F, front + 0.02F}, {half - 0.25F, top - 0.3F, front - 0.72F},
             {-half + 0.25F, top - 0.3F, front - 0.72F});
  glass.quad({half - 0.2F, floor + 1.05F, rear - 0.02F},
             {-half + 0.2F, floor + 1.05F, rear - 0.02F}, {-half + 0.25F, top - 0.3F, rear + 0.72F},
             {half - 0.25F, top - 0.3F, rear + 0.72F});
  lights(train, style, half, front + 0.01F, rear - 0.01F, floor + 0.55F);
  const auto arm = train.of(kDark);
  arm.tube({0, top, 0}, {0, top + 0.8F, 0.7F}, 0.03F, 0.03F, 5);
  arm.tube({0, top + 0.8F, 0.7F}, {0, top + 1.5F, 0}, 0.03F, 0.03F, 5);
  arm.box({-0.8F, top + 1.48F, -0.05F}, {0.8F, top + 1.53F, 0.05F});
  return length;
}

void draw_motorcycle(const Brush& brush, const Style& style, Random& random) {
  const auto bike = brush.of(Category::kMotorcycle, kRubber);
  const Material colour = paint(random.one_of(style.materials.car_paints));
  for (const float z : {-0.7F, 0.7F}) {
    bike.ring({0, 0.32F, z}, Vec::UnitX(), 0.26F, 0.065F, 14);
    bike.of(kSteel).tube({-0.03F, 0.32F, z}, {0.03F, 0.32F, z}, 0.2F, 0.2F, 12);
  }
  const auto steel = bike.of(kSteel);
  for (const float x : {-0.09F, 0.09F})
    steel.tube({x, 0.32F, 0.7F}, {x, 0.95F, 0.4F}, 0.03F, 0.03F, 6);
  steel.tube({-0.36F, 1.02F, 0.35F}, {0.36F, 1.02F, 0.35F}, 0.02F, 0.02F, 6);
  steel.tube({0.16F, 0.35F, -0.9F}, {0.14F, 0.35F, 0.1F}, 0.05F, 0.05F, 7);
  bike.of(kDark).box({-0.14F, 0.3F, -0.25F}, {0.14F, 0.62F, 0.3F});
  const auto body = bike.of(colour);
  body.blob({0, 0.78F, 0.18F}, {0.17F, 0.16F, 0.32F});
  body.blob({0, 0.72F, -0.6F}, {0.13F, 0.12F, 0.32F});
  body.blob({0, 0.98F, 0.5F}, {0.2F, 0.22F, 0.16F});
  bike.of(kDark).box({-0.14F, 0.78F, -0.65F}, {0.14F, 0.86F, 0});
  bike.of(head_lamp(style)).disc({0, 0.95F, 0.67F}, Vec::UnitZ(), 0.09F);
  bike.of(tail_lamp(style)).box({-0.08F, 0.72F, -0.95F}, {0.08F, 0.82F, -0.9F});
}

void draw_bicycle(const Brush& brush, const Style& style, Random& random) {
  const auto bike = brush.of(Category::kBicycle, kRubber);
  for (const float z : {-0.52F, 0.52F}) {
    bike.ring({0, 0.35F, z}, Vec::UnitX(), 0.33F, 0.025F, 18);
    for (const float angle : {0.0F, 0.8F, 1.6F, 2.4F}) {
      const Vec out(0, 0.32F * std::sin(angle), 0.32F * std::cos(angle));
      bike.of(kSteel).tube(Vec(0, 0.35F, z) - out, Vec(0, 0.35F, z) + out, 0.008F, 0.008F, 4);
    }
    // Mudguards.
    bike.of(kDark).tube({0, 0.72F, z - 0.1F}, {0, 0.66F, z - 0.26F}, 0.03F, 0.03F, 4);
  }
  const auto frame = bike.of(paint(random.one_of(style.materials.car_paints)));
  const Vec crank(0, 0.3F, -0.08F), seat(0, 0.9F, -0.28F), head(0, 0.92F, 0.36F);
  frame.tube(crank, seat, 0.028F, 0.028F, 6);
  frame.tube(crank, head, 0.03F, 0.03F, 6);
  frame.tube({0, 0.8F, -0.22F}, head, 0.028F, 0.028F, 6);
  frame.tube(crank, {0, 0.35F, -0.52F}, 0.02F, 0.02F, 5);
  frame.tube({0, 0.8F, -0.22F}, {0, 0.35F, -0.52F}, 0.02F, 0.02F, 5);
  frame.tube(head, {0, 0.35F, 0.52F}, 0.025F, 0.025F, 5);
  const auto dark = bike.of(kDark);
  dark.blob({0, 0.97F, -0.3F}, {0.09F, 0.04F, 0.14F}, 0, 0, 5);
  dark.tube({-0.28F, 1.05F, 0.3F}, {0.28F, 1.05F, 0.3F}, 0.02F, 0.02F, 5);
  dark.tube(head, {0, 1.05F, 0.33F}, 0.022F, 0.022F, 5);
  if (random.chance(0.4F)) {
    const auto basket = bike.of(Material{.colour = Vec(0.2F, 0.15F, 0.09F)});
    basket.box({-0.17F, 0.8F, 0.42F}, {0.17F, 1.02F, 0.7F});
  }
}

}  // namespace streets
