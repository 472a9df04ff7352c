#include <cag/data/normalisation.hpp>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::Normalisation;
using Catch::Contains;

TEST_CASE("The default normalisation divides by 255 and puts channels first") {
  const auto image = at::arange(2 * 3 * 3, at::kByte).view({2, 3, 3}).mul(14);
  const auto out = Normalisation{}(image);
  CHECK(out.scalar_type() == at::kFloat);
  CHECK(out.sizes() == at::IntArrayRef({3, 2, 3}));
  const auto expected = image.permute({2, 0, 1}).to(at::kDouble).div(255).to(at::kFloat);
  CHECK(at::equal(out, expected));
}

TEST_CASE("Normalisation subtracts the mean and divides by the deviation of each channel") {
  const Normalisation normalisation{{0.5, 0.25, 0}, {0.5, 2, 1}};
  auto image = at::zeros({1, 1, 3}, at::kByte);
  image[0][0][0] = 255;
  image[0][0][1] = 51;
  const auto out = normalisation(image);
  CHECK(out[0].item<float>() == Approx(1));
  CHECK(out[1].item<float>() == Approx(-0.025));
  CHECK(out[2].item<float>() == 0);
}

TEST_CASE("Normalisation reads views as they look") {
  const auto image = at::randint(0, 256, {4, 5, 3}, at::kByte);
  CHECK(at::equal(Normalisation{}(image.flip(1)), Normalisation{}(image).flip(2)));
  const auto crop = image.slice(1, 1, 4);
  CHECK(at::equal(Normalisation{}(crop), Normalisation{}(image).slice(2, 1, 4)));
}

TEST_CASE("Normalisation refuses what cannot be normalised") {
  CHECK_THROWS_WITH(Normalisation{}(at::zeros({2, 3}, at::kByte)), Contains("got [2, 3]"));
  CHECK_THROWS_WITH(Normalisation{}(at::zeros({2, 3, 3})), Contains("uint8"));
  Normalisation bad;
  bad.deviation[1] = 0;
  CHECK_THROWS_WITH(bad.check(), Contains("channel 1") && Contains("got 0 and 0"));
  bad.deviation[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(bad.check(), cag::UsageError);
  Normalisation mean;
  mean.mean[2] = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(mean(at::zeros({1, 1, 3}, at::kByte)), cag::UsageError);
}
