#include <cag/eval/predictor.hpp>

#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros_like.h>

#include "catch.hpp"

namespace {

/// Three categories, by the colour of each pixel alone: how the image is cut does not matter.
struct Colours {
  std::vector<std::pair<std::int64_t, std::int64_t>>* seen = nullptr;
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& images) {
    if (seen != nullptr) seen->emplace_back(images.size(2), images.size(3));
    return {images, images * 4};
  }
};

/// How far from the left edge of what it sees a pixel is: cuts and mirroring matter.
struct Place {
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& images) {
    const auto place =
        at::zeros_like(images.narrow(1, 0, 1)) + at::arange(images.size(3), at::kFloat);
    return {images, at::cat({place, at::zeros_like(place)}, 1)};
  }
};

at::Tensor image(std::int64_t height, std::int64_t width) {
  return at::randint(256, {height, width, 3}, at::kByte);
}

double most(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

}  // namespace

TEST_CASE("Predictor gives the softmax of the network, at the size of the image") {
  const auto picture = image(20, 30);
  cag::Predictor predictor(Colours{});
  const auto probabilities = predictor.probabilities(picture);
  const auto expected = (picture.permute({2, 0, 1}).to(at::kFloat) / 255 * 4).softmax(0);
  CHECK(probabilities.sizes() == at::IntArrayRef({3, 20, 30}));
  CHECK(most(probabilities - expected) < 1e-6);
  CHECK(predictor.categories(picture).equal(expected.argmax(0)));
}

TEST_CASE("Windows of any size and overlap give what the whole image gives, pixel by pixel") {
  const auto picture = image(37, 53);
  const auto whole = cag::Predictor(Colours{}).probabilities(picture);
  const auto [height, width, overlap] =
      GENERATE(std::tuple(16, 16, 0.0), std::tuple(16, 20, 0.25), std::tuple(1, 1, 0.0),
               std::tuple(37, 5, 0.9), std::tuple(36, 52, 0.5), std::tuple(100, 100, 0.25),
               std::tuple(100, 10, 0.3));
  INFO(height << " x " << width << ", " << overlap);
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;
  cag::Predictor predictor(Colours{&seen},
                           {.window_height = height, .window_width = width, .overlap = overlap});
  CHECK(most(predictor.probabilities(picture) - whole) < 1e-5);
  for (const auto& [h, w] : seen) {
    CHECK(h == std::min<std::int64_t>(height, 37));
    CHECK(w == std::min<std::int64_t>(width, 53));
  }
}

TEST_CASE("Windows overlap by at least what is asked") {
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;
  cag::Predictor predictor(Colours{&seen},
                           {.window_height = 10, .window_width = 10, .overlap = 0.5});
  predictor.categories(image(10, 30));
  CHECK(seen.size() == 5);  // 0, 5, 10, 15, 20
}

TEST_CASE("Where windows disagree, the one whose middle is nearer counts more") {
  // Two windows of 4 in 6 columns begin at 0 and 2; column 2 is their third and their first.
  cag::Predictor predictor(Place{}, {.window_height = 1, .window_width = 4, .overlap = 0.5});
  const auto column =
      predictor.probabilities(image(1, 6)).select(0, 0).select(0, 0)[2].item<double>();
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(column == Approx((2 * sigmoid(2) + 1 * sigmoid(0)) / 3));
}

TEST_CASE("A mirrored view is mirrored back, and averaged") {
  cag::Predictor predictor(Place{}, {.flip = true});
  const auto probability = predictor.probabilities(image(1, 3)).select(0, 0).select(0, 0);
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(probability[0].item<double>() == Approx((sigmoid(0) + sigmoid(2)) / 2));
  CHECK(probability[1].item<double>() == Approx(sigmoid(1)));
}

TEST_CASE("Scales are averaged, and change nothing of an image of one colour") {
  const auto grey = at::full({16, 24, 3}, 90, at::kByte);
  const auto whole = cag::Predictor(Colours{}).probabilities(grey);
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;
  cag::Predictor predictor(Colours{&seen}, {.scales = {0.5, 1, 1.75}, .flip = true});
  CHECK(most(predictor.probabilities(grey) - whole) < 1e-6);
  CHECK(seen.size() == 6);
  CHECK(seen.front() == std::pair<std::int64_t, std::int64_t>(8, 12));
  CHECK(seen.back() == std::pair<std::int64_t, std::int64_t>(28, 42));
  const auto sum = predictor.probabilities(image(16, 24)).sum(0);
  CHECK(most(sum - 1) < 1e-5);
}

TEST_CASE("Predictor names options and images that do not fit") {
  using Catch::Contains;
  const auto make = [](cag::PredictorOptions options) {
    cag::Predictor(Colours{}, std::move(options));
  };
  CHECK_THROWS_WITH(make({.window_height = 5}),
                    Contains("window: expected both sides above 0, or none, got 5 x 0"));
  CHECK_THROWS_WITH(make({.overlap = 1}), Contains("overlap"));
  CHECK_THROWS_WITH(make({.scales = {}}), Contains("scales: expected at least one"));
  CHECK_THROWS_WITH(make({.scales = {1, NAN}}),
                    Contains("scales: expected finite numbers above 0"));
  CHECK_THROWS_WITH(cag::Predictor(Colours{}).categories(at::full({3, 8, 8}, 0, at::kByte)),
                    Contains("[H, W, 3] as uint8") && Contains("[3, 8, 8]"));
}
