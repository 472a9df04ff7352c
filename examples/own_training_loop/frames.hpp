#pragma once

#include <cstdint>
#include <random>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

/// Sky, field and tree.
inline constexpr std::int64_t kCategories = 3;

/// A recording, held as the camera gave it: a data type that knows nothing of the library.
struct Frames {
  at::Tensor pixels;  ///< [N, 3, H, W] uint8
  at::Tensor truth;   ///< [N, H, W] int64; the training reads that of labelled frames alone

  std::int64_t size() const { return pixels.size(0); }

  /// Images of some frames as a network takes them.
  at::Tensor images(const at::Tensor& chosen) const {
    return pixels.index_select(0, chosen).to(at::kFloat).div(255).sub(0.45).div(0.25);
  }
  at::Tensor labels(const at::Tensor& chosen) const { return truth.index_select(0, chosen); }

  /// `count` frames drawn at random, by index.
  at::Tensor choose(std::int64_t count, std::mt19937_64& random) const {
    auto chosen = at::empty({count}, at::kLong);
    for (std::int64_t i = 0; i < count; ++i)
      chosen[i] = std::uniform_int_distribution<std::int64_t>(0, size() - 1)(random);
    return chosen;
  }
};

/// Frames of 64 x 96 pixels: a slanting horizon, furrows below it, trees on it. Fog, from 0 to 1,
/// takes contrast and colour away, and the sensor adds noise to what is left.
inline Frames record(std::int64_t count, double fog, std::uint64_t seed) {
  constexpr std::int64_t kHeight = 64, kWidth = 96, kTrees = 4;
  auto generator = at::detail::createCPUGenerator(seed);
  const auto uniform = [&](double low, double high) {
    return at::rand({count, 1, 1}, generator).mul(high - low).add(low);
  };
  const auto x = at::arange(kWidth, at::kFloat).view({1, 1, kWidth});
  const auto y = at::arange(kHeight, at::kFloat).view({1, kHeight, 1});
  const auto paint = [](const at::Tensor& shade, double red, double green, double blue) {
    return shade.unsqueeze(1) * at::tensor({red, green, blue}, at::kFloat).view({1, 3, 1, 1});
  };

  const auto horizon = uniform(20, 40) + uniform(-0.15, 0.15) * x;
  const auto field = y.gt(horizon);
  const auto furrows = (x * uniform(0.3, 0.9) + y * uniform(0.3, 0.9)).sin().mul(0.15).add(0.75);
  const auto sky = (y + x * 0).div(2 * kHeight).add(uniform(0.5, 0.7));
  auto images =
      at::where(field.unsqueeze(1), paint(furrows, 0.8, 0.6, 0.3), paint(sky, 0.6, 0.8, 1.0));
  auto truth = field.to(at::kLong);
  for (std::int64_t i = 0; i < kTrees; ++i) {
    const auto at_x = uniform(0, kWidth), radius = uniform(5, 11);
    const auto at_y = uniform(15, 45);
    const auto tree = ((x - at_x).square() + (y - at_y).square()).lt(radius.square());
    const auto leaves = at::rand({count, kHeight, kWidth}, generator).mul(0.5).add(0.4);
    images = at::where(tree.unsqueeze(1), paint(leaves, 0.4, 0.8, 0.3), images);
    truth.masked_fill_(tree, 2);
  }
  images = images.mul(1 - fog).add(0.7 * fog);
  images = images.add(at::randn(images.sizes(), generator).mul(0.05)).clamp(0, 1);
  return {images.mul(255).to(at::kByte), truth};
}
