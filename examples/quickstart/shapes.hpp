#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cag/data/batch.hpp>

/// What the images show, by category.
inline constexpr std::array<std::string_view, 4> kShapes{"ground", "disc", "square", "ring"};

/// How a domain looks.
struct Look {
  double light;                 ///< factor of all channels
  std::array<double, 3> tints;  ///< factors of red, green and blue
  double noise;                 ///< deviation of each pixel's noise
};

/// Four images [3, 64, 64] of coloured shapes on a spotted ground, with their labels: a function of
/// `number`, so that a run can be repeated.
inline cag::LabelledBatch draw(std::uint64_t number, const Look& look) {
  constexpr std::int64_t kBatch = 4, kSide = 64, kShapesInImage = 6;
  auto generator = at::detail::createCPUGenerator(number);
  const auto uniform = [&](at::IntArrayRef sizes, double low, double high) {
    return at::rand(sizes, generator).mul(high - low).add(low);
  };
  const auto column = at::arange(kSide).view({1, 1, kSide});
  const auto row = at::arange(kSide).view({1, kSide, 1});

  auto labels = at::zeros({kBatch, kSide, kSide}, at::kLong);
  auto images = uniform({kBatch, 1, kSide / 4, kSide / 4}, 0.2, 0.5)
                    .repeat_interleave(4, 2)
                    .repeat_interleave(4, 3)
                    .repeat({1, 3, 1, 1});
  for (std::int64_t i = 0; i < kShapesInImage; ++i) {
    const auto kind = 1 + i % 3;
    const auto centre = uniform({2, kBatch, 1, 1}, 0, kSide);
    const auto radius = uniform({kBatch, 1, 1}, 8, 14);
    const auto dx = column.sub(centre[0]).abs(), dy = row.sub(centre[1]).abs();
    const auto distance = kind == 2 ? at::maximum(dx, dy) : dx.square().add(dy.square()).sqrt();
    auto inside = distance.lt(radius);
    if (kind == 3) inside = inside.logical_and(distance.gt(radius.sub(5)));
    auto colour = uniform({kBatch, 3, 1, 1}, 0.2, 0.7);
    colour.select(1, kind - 1).add_(0.3);  // discs tend to red, squares to green, rings to blue
    images = at::where(inside.unsqueeze(1), colour, images);
    labels.masked_fill_(inside, kind);
  }
  images = images.mul(at::tensor(look.tints, at::kFloat).view({1, 3, 1, 1})).mul(look.light);
  images = images.add(at::randn(images.sizes(), generator).mul(look.noise)).clamp(0, 1);
  return {images.sub(0.45).div(0.25), labels};
}
