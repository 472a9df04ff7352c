#include "streets/people.hpp"

namespace streets {
namespace {

const Material kShoe{.colour = Vec(0.05F, 0.045F, 0.04F)};

struct Clothes {
  Material top, legs, skin, hair;

  static Clothes draw(const Style& style, Random& random) {
    const Vec hair = random.chance(0.7F) ? Vec(0.06F, 0.04F, 0.03F) : Vec(0.3F, 0.22F, 0.12F);
    return {.top = {.colour = random.one_of(style.materials.clothes), .stain = 0.15F},
            .legs = {.colour = 0.6F * random.one_of(style.materials.clothes), .stain = 0.15F},
            .skin = {.colour = random.one_of(style.materials.skins)},
            .hair = {.colour = hair}};
  }
};

void head(const Brush& brush, const Clothes& clothes, const Vec& centre, bool helmet,
          Random& random) {
  brush.of(clothes.skin).blob(centre, {0.1F, 0.13F, 0.11F}, 0, 0, 7);
  const Material cover =
      helmet ? Material{.colour = Vec(random.in(0.1F, 0.8F), random.in(0.1F, 0.8F), 0.2F),
                        .mirror = 0.05F}
             : clothes.hair;
  brush.of(cover).blob(centre + Vec(0, 0.05F, -0.02F),
                       helmet ? Vec(0.14F, 0.12F, 0.15F) : Vec(0.11F, 0.1F, 0.115F), 0, 0, 7);
}

/// Upper and lower part, with a joint between.
void limb(const Brush& brush, const Vec& from, const Vec& joint, const Vec& to, float thick,
          float thin) {
  brush.tube(from, joint, thick, 0.8F * thick, 7);
  brush.tube(joint, to, 0.8F * thick, thin, 7);
}

}  // namespace

void draw_person(const Brush& brush, const Style& style, Random& random) {
  const auto clothes = Clothes::draw(style, random);
  const float size = random.chance(0.12F) ? random.in(0.62F, 0.8F) : random.in(0.9F, 1.08F);
  const float girth = random.in(0.9F, 1.25F);
  const float step = random.chance(0.25F) ? 0.04F : random.in(0.15F, 0.36F);
  const auto p = [size](float x, float y, float z) { return Vec(size * x, size * y, size * z); };
  const auto person = brush.of(Category::kPerson, clothes.legs);
  for (const float side : {-1.0F, 1.0F}) {
    const float foot = side * step;
    limb(person, p(side * 0.09F, 0.92F, 0), p(side * 0.1F, 0.5F, 0.5F * foot + 0.06F),
         p(side * 0.1F, 0.08F, foot), size * girth * 0.095F, size * 0.05F);
    person.of(kShoe).box(p(side * 0.1F - 0.05F, 0, foot - 0.08F),
                         p(side * 0.1F + 0.05F, 0.08F, foot + 0.18F));
    const auto sleeve = person.of(clothes.top);
    const float hand = -side * step;
    limb(sleeve, p(side * 0.22F, 1.42F, 0), p(side * 0.27F, 1.14F, 0.3F * hand - 0.03F),
         p(side * 0.26F, 0.88F, 0.6F * hand), size * 0.06F, size * 0.04F);
    person.of(clothes.skin)
        .blob(p(side * 0.26F, 0.84F, 0.62F * hand), p(0.045F, 0.06F, 0.045F), 0, 0, 5);
  }
  const auto top = person.of(clothes.top);
  top.blob(p(0, 1.2F, 0), p(0.2F * girth, 0.32F, 0.14F * girth), 0, 0, 9);
  top.blob(p(0, 1.38F, 0), p(0.23F, 0.14F, 0.12F), 0, 0, 7);
  if (random.chance(0.3F))
    top.tube(p(0, 1.15F, 0), p(0, 0.6F, 0), size * 0.19F, size * 0.26F, 10);  // a coat
  person.of(clothes.skin).tube(p(0, 1.45F, 0), p(0, 1.6F, 0), size * 0.055F, size * 0.05F, 6);
  head(person, clothes, p(0, 1.68F, 0.01F), false, random);
  if (random.chance(0.3F)) {
    const auto bag = person.of(Material{.colour = random.one_of(style.materials.clothes)});
    bag.box(p(-0.15F, 1.05F, -0.28F), p(0.15F, 1.45F, -0.11F));
  }
}

void draw_rider(const Brush& brush, const Style& style, Random& random, bool motorcycle) {
  const auto clothes = Clothes::draw(style, random);
  const auto rider = brush.of(Category::kRider, clothes.legs);
  const float seat = motorcycle ? 0.88F : 1.0F, back = motorcycle ? -0.3F : -0.28F;
  const float lean = motorcycle ? 0.25F : 0.35F;
  const Vec hip(0, seat, back), chest(0, seat + 0.5F, back + lean);
  for (const float side : {-1.0F, 1.0F}) {
    const Vec foot =
        motorcycle ? Vec(side * 0.2F, 0.38F, 0) : Vec(side * 0.1F, 0.3F + side * 0.12F, 0);
    const Vec knee = 0.5F * (hip + foot) + Vec(side * 0.06F, 0.12F, 0.25F);
    limb(rider, hip + Vec(side * 0.1F, 0, 0), knee, foot, 0.095F, 0.05F);
    rider.of(kShoe).box(foot - Vec(0.05F, 0.06F, 0.08F), foot + Vec(0.05F, 0.03F, 0.18F));
    const Vec grip(side * 0.3F, 1.04F, motorcycle ? 0.34F : 0.28F);
    const Vec shoulder = chest + Vec(side * 0.2F, 0.04F, 0);
    limb(rider.of(clothes.top), shoulder,
         0.5F * (shoulder + grip) + Vec(side * 0.06F, -0.08F, -0.02F), grip, 0.06F, 0.045F);
  }
  const auto top = rider.of(clothes.top);
  top.tube(hip, chest, 0.17F, 0.19F, 9);
  top.blob(chest, {0.22F, 0.15F, 0.14F}, 0, 0, 7);
  top.blob(hip, {0.18F, 0.14F, 0.16F}, 0, 0, 7);
  head(rider, clothes, chest + Vec(0, 0.3F, 0.08F), motorcycle || random.chance(0.5F), random);
}

}  // namespace streets
