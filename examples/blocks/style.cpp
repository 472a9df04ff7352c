#include "blocks/style.hpp"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/replication_pad2d.h>
#include <ATen/ops/tensor.h>

namespace blocks {
namespace {

/// Nearly normal: a sum of twelve uniform numbers.
at::Tensor noise_like(const at::Tensor& image, double deviation, cag::Stream& stream) {
  auto noise = at::empty_like(image);
  auto* value = noise.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < noise.numel(); ++i) {
    double sum = 0;
    for (int part = 0; part < 3; ++part) {
      const auto bits = stream.bits();
      for (int shift = 0; shift < 64; shift += 16)
        sum += static_cast<double>(bits >> shift & 0xffff) / 0x1p16;
    }
    value[i] = static_cast<float>(deviation * (sum - 6));
  }
  return noise;
}

}  // namespace

at::Tensor Style::operator()(const at::Tensor& image, cag::Stream& stream) const {
  const auto own_contrast = contrast * stream.uniform(1 - spread, 1 + spread);
  const auto own_brightness = brightness * stream.uniform(1 - spread, 1 + spread);
  auto light = image.to(at::kFloat).permute({2, 0, 1}).contiguous();
  light = light.sub(127.5).mul(own_contrast).add(127.5).mul(own_brightness);
  light = light.mul(at::tensor({tint[0], tint[1], tint[2]}, at::kFloat).view({3, 1, 1}));
  light = light.mul(at::linspace(1, 1 - shade, light.size(1), at::kFloat).view({1, -1, 1}));
  if (blur)
    light = at::avg_pool2d(at::replication_pad2d(light.unsqueeze(0), {1, 1, 1, 1}), {3, 3}, {1, 1})
                .squeeze(0);
  light = light.add(noise_like(light, noise, stream));
  return light.round().clamp(0, 255).permute({1, 2, 0}).to(at::kByte).contiguous();
}

}  // namespace blocks
