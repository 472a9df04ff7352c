#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>

#include <set>

#include <cag/data/augment/chain.hpp>
#include <cag/data/augment/colour_jitter.hpp>
#include <cag/data/augment/horizontal_flip.hpp>
#include <cag/data/augment/random_crop.hpp>
#include <cag/data/augment/random_rescale.hpp>
#include <cag/data/augment/random_rescaled_crop.hpp>
#include <cag/data/augment/resize.hpp>

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::LabelledSample;
using cag::Stream;
using cag::UnlabelledSample;
using Catch::Contains;
namespace augment = cag::augment;

static_assert(cag::Augmentation<augment::None>);
static_assert(cag::Augmentation<augment::RandomRescaledCrop>);
static_assert(cag::Augmentation<augment::Chain<augment::RandomRescale, augment::RandomCrop,
                                               augment::HorizontalFlip, augment::ColourJitter>>);
static_assert(!cag::Augmentation<int>);

namespace {

// The picture whose resized bytes were computed with Pillow 10.4.
at::Tensor picture(std::int64_t height, std::int64_t width) {
  at::Tensor image = at::empty({height, width, 3}, at::kByte);
  auto* value = image.data_ptr<std::uint8_t>();
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) {
        *value++ = static_cast<std::uint8_t>(x * 37 + y * 59 + c * 91 + x * y * 7);
      }
    }
  }
  return image;
}

LabelledSample sample(std::int64_t height, std::int64_t width) {
  const auto image = picture(height, width);
  return {image, image.select(2, 0).to(at::kLong), "sample"};
}

std::uint64_t checksum(const at::Tensor& tensor) {
  const auto bytes = tensor.to(at::kByte).contiguous();
  return cag::purpose({reinterpret_cast<const char*>(bytes.data_ptr<std::uint8_t>()),
                       static_cast<std::size_t>(bytes.numel())});
}

bool equal(const LabelledSample& a, const LabelledSample& b) {
  return at::equal(a.image, b.image) && at::equal(a.label, b.label);
}

}  // namespace

TEST_CASE("Images resize to the bytes of Pillow's BILINEAR, labels to those of its NEAREST") {
  struct Case {
    std::int64_t h, w, height, width;
    std::uint64_t image, label;
  };
  const Case cases[] = {
      {18, 24, 9, 12, 0x753b7c16e5e73e06, 0x4f0774eebb20e399},
      {18, 24, 51, 89, 0x6c3afdabfabe245a, 0x0f93c2c63a3f34a3},
      {52, 97, 31, 140, 0x66ceb85567174d0a, 0xf9c1c7c572e52f61},
      {52, 97, 200, 20, 0xb9b8f7d342f61abf, 0xe5aeb63c8b2e9c45},
      {7, 5, 3, 11, 0xd65ab4cf8afe6e83, 0x0c0fff3df12e54bc},
      {40, 30, 13, 29, 0x750b1fbffd185ea6, 0x24cc786d32830a74},
  };
  for (const Case& c : cases) {
    CAPTURE(c.h, c.w, c.height, c.width);
    Stream stream({});
    const auto out =
        augment::Resize{.width = c.width, .height = c.height}(sample(c.h, c.w), stream);
    CHECK(out.image.sizes() == at::IntArrayRef({c.height, c.width, 3}));
    CHECK(checksum(out.image) == c.image);
    CHECK(checksum(out.label) == c.label);
  }
}

TEST_CASE("A small picture resizes to Pillow's numbers") {
  Stream stream({});
  const auto out = augment::Resize{.width = 3, .height = 2}(sample(7, 5), stream);
  const auto expected = at::tensor({106, 117, 138, 125, 134, 104, 140, 136, 131,  //
                                    131, 112, 129, 122, 103, 119, 149, 142, 137},
                                   at::kByte);
  CHECK(at::equal(out.image.flatten(), expected));
}

TEST_CASE("A window of a resized image is that part of the whole") {
  const auto whole = sample(37, 53);
  for (const cag::ImageSize size : {cag::ImageSize{90, 131}, cag::ImageSize{19, 22}}) {
    const auto all = cag::detail::resized(whole, size);
    for (std::int64_t y = 0; y + 7 <= size.height; y += 3) {
      const cag::detail::Window window{y, y, 7, 5};
      CHECK(equal(cag::detail::resized(whole, size, window), cag::detail::cropped(all, window)));
    }
  }
}

TEST_CASE("Resize to the same size, and bad sizes") {
  Stream stream({});
  const auto same = sample(6, 8);
  CHECK(augment::Resize{.width = 8, .height = 6}(same, stream).image.is_same(same.image));
  CHECK_THROWS_AS((augment::Resize{.width = 0, .height = 6}(same, stream)), cag::UsageError);
}

TEST_CASE("RandomRescale draws widths around its base and keeps the aspect") {
  const augment::RandomRescale rescale;
  Stream stream({.seed = 3});
  std::int64_t narrowest = 1 << 20;
  std::int64_t widest = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto size = rescale.draw({1052, 1914}, stream);
    REQUIRE(size.height == static_cast<std::int64_t>(size.width / (1914.0 / 1052.0)));
    narrowest = std::min(narrowest, size.width);
    widest = std::max(widest, size.width);
  }
  CHECK(narrowest >= 1100);
  CHECK(narrowest < 1110);
  CHECK(widest < 3300);
  CHECK(widest > 3290);
}

TEST_CASE("RandomRescale with base width 0 and ratio 1 is the identity") {
  Stream stream({});
  const auto in = sample(33, 47);
  const auto out = augment::RandomRescale{.base_width = 0, .smallest = 1, .largest = 1}(in, stream);
  CHECK(out.image.is_same(in.image));
  const auto half =
      augment::RandomRescale{.base_width = 0, .smallest = 0.5, .largest = 0.5}(in, stream);
  CHECK(half.image.sizes() == at::IntArrayRef({16, 23, 3}));
  CHECK(half.label.sizes() == at::IntArrayRef({16, 23}));
}

TEST_CASE("RandomRescale refuses impossible ratios") {
  Stream stream({});
  CHECK_THROWS_AS((augment::RandomRescale{.smallest = 0}.draw({8, 8}, stream)), cag::UsageError);
  CHECK_THROWS_WITH((augment::RandomRescale{.smallest = 2, .largest = 1}.draw({8, 8}, stream)),
                    Contains("2, 1"));
  CHECK_THROWS_AS((augment::RandomRescale{.base_width = -1}.draw({8, 8}, stream)), cag::UsageError);
}

TEST_CASE("RandomCrop cuts image and label at one place, and every place in turn") {
  const augment::RandomCrop crop{.width = 6, .height = 4};
  const auto in = sample(6, 8);
  std::set<std::pair<std::int64_t, std::int64_t>> corners;
  Stream stream({.seed = 1});
  for (int i = 0; i < 300; ++i) {
    Stream again = stream;
    const auto window = crop.draw({6, 8}, again);
    const auto out = crop(in, stream);
    REQUIRE(out.image.sizes() == at::IntArrayRef({4, 6, 3}));
    REQUIRE(at::equal(out.image.select(2, 0).to(at::kLong), out.label));
    REQUIRE(equal(out, cag::detail::cropped(in, window)));
    corners.insert({window.y, window.x});
  }
  CHECK(corners.size() == 9);
}

TEST_CASE("RandomCrop resizes an image that is smaller in either direction") {
  const augment::RandomCrop crop{.width = 6, .height = 4};
  for (const auto& [h, w] : {std::pair{3, 20}, std::pair{20, 5}, std::pair{2, 2}}) {
    Stream stream({});
    const auto in = sample(h, w);
    const auto out = crop(in, stream);
    CHECK(equal(out, cag::detail::resized(in, {4, 6})));
  }
  Stream stream({});
  CHECK_THROWS_AS((augment::RandomCrop{.width = 0}(sample(3, 3), stream)), cag::UsageError);
}

TEST_CASE("RandomRescaledCrop equals rescaling and then cropping, bit for bit") {
  const augment::RandomRescale rescale{.base_width = 60};
  const augment::RandomCrop crop{.width = 40, .height = 25};
  const augment::Chain chain(rescale, crop);
  const augment::RandomRescaledCrop fused{rescale, crop};
  const auto in = sample(36, 60);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Stream a({.seed = seed});
    Stream b({.seed = seed});
    CHECK(equal(chain(in, a), fused(in, b)));
    CHECK(a.bits() == b.bits());
  }
}

TEST_CASE("HorizontalFlip mirrors image and label with its probability") {
  const auto in = sample(2, 3);
  Stream stream({.seed = 5});
  const auto flipped = augment::HorizontalFlip{.probability = 1}(in, stream);
  for (std::int64_t x = 0; x < 3; ++x) {
    CHECK(at::equal(flipped.image.select(1, x), in.image.select(1, 2 - x)));
    CHECK(at::equal(flipped.label.select(1, x), in.label.select(1, 2 - x)));
  }
  CHECK(equal(augment::HorizontalFlip{.probability = 0}(in, stream), in));
  int flips = 0;
  for (int i = 0; i < 1000; ++i) flips += !equal(augment::HorizontalFlip{}(in, stream), in);
  CHECK(flips == Approx(500).margin(60));
  CHECK_THROWS_AS((augment::HorizontalFlip{.probability = 1.5}(in, stream)), cag::UsageError);
}

TEST_CASE("ColourJitter is the identity by default and never touches labels or its input") {
  const auto in = sample(5, 7);
  const auto before = in.image.clone();
  Stream stream({.seed = 6});
  CHECK(augment::ColourJitter{}(in, stream).image.is_same(in.image));
  const auto out = augment::ColourJitter{.brightness = 0.5, .contrast = 0.5}(in, stream);
  CHECK_FALSE(at::equal(out.image, in.image));
  CHECK(out.label.is_same(in.label));
  CHECK(at::equal(in.image, before));
}

TEST_CASE("ColourJitter follows its formula") {
  // m + c (b x - m) with the factors that the stream draws.
  const auto image = at::tensor({0, 100, 200, 40, 60, 200}, at::kByte).view({1, 2, 3});
  Stream stream({.seed = 8});
  Stream same = stream;
  const auto out = augment::ColourJitter{.brightness = 0.5, .contrast = 0.4}(
      UnlabelledSample{image, ""}, stream);
  const double b = same.uniform(0.5, 1.5);
  const double c = same.uniform(0.6, 1.4);
  const double mean = 100 * b;
  for (std::int64_t i = 0; i < 6; ++i) {
    const double x = image.flatten()[i].item<double>();
    const double y = std::clamp(mean + c * (b * x - mean), 0.0, 255.0);
    CHECK(out.image.flatten()[i].item<double>() == Approx(y).margin(0.5001));
  }
  CHECK_THROWS_AS((augment::ColourJitter{.brightness = -0.1}(out, stream)), cag::UsageError);
}

TEST_CASE("A chain changes labelled and unlabelled samples alike and leaves its input") {
  const augment::Chain chain(augment::RandomRescaledCrop{.rescale = {.base_width = 50},
                                                         .crop = {.width = 20, .height = 12}},
                             augment::HorizontalFlip{},
                             augment::ColourJitter{.brightness = 0.2, .contrast = 0.2});
  const auto in = sample(30, 50);
  const auto before = in.image.clone();
  std::set<std::uint64_t> different;
  for (std::uint64_t index = 0; index < 20; ++index) {
    Stream a({.index = index});
    Stream b({.index = index});
    const auto labelled = chain(in, a);
    const auto unlabelled = chain(UnlabelledSample{in.image, in.name}, b);
    CHECK(at::equal(labelled.image, unlabelled.image));
    CHECK(labelled.label.sizes() == at::IntArrayRef({12, 20}));
    CHECK(labelled.name == "sample");
    different.insert(checksum(labelled.image));
  }
  CHECK(different.size() == 20);
  CHECK(at::equal(in.image, before));
}

TEST_CASE("Labels are never mixed into new values") {
  const auto in =
      LabelledSample{picture(30, 50), at::randint(0, 2, {30, 50}, at::kLong).mul(250), ""};
  Stream stream({.seed = 9});
  const augment::RandomRescaledCrop op{.rescale = {.base_width = 50},
                                       .crop = {.width = 20, .height = 12}};
  for (int i = 0; i < 20; ++i) {
    const auto label = op(in, stream).label;
    CHECK(label.eq(0).logical_or(label.eq(250)).all().item<bool>());
  }
}
