#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <torch/nn.h>

// The closed-form values of the golden network: tests/golden/network.json, `recipe`.
namespace closed_form {

inline std::uint32_t mix(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7FEB352DU;
  x ^= x >> 15;
  x *= 0x846CA68BU;
  return x ^ (x >> 16);
}

inline std::uint32_t seed(std::string_view key) {
  std::uint32_t hash = 0x811C9DC5U;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return mix(hash);
}

/// offset + scale * s(key, i), float32.
inline at::Tensor values(std::string_view key, at::IntArrayRef sizes, double scale = 1,
                         double offset = 0) {
  auto tensor = torch::empty(sizes);
  const auto start = seed(key);
  auto* out = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    const auto bits = mix(start + static_cast<std::uint32_t>(i)) >> 8;
    out[i] = static_cast<float>(offset + scale * (2 * std::ldexp(bits, -24) - 1));
  }
  return tensor;
}

inline at::Tensor entry(const std::string& key, const at::Tensor& like) {
  const auto ends = [&](std::string_view suffix) { return key.ends_with(suffix); };
  if (ends("num_batches_tracked")) return torch::zeros({}, torch::kLong);
  if (ends("running_var")) return values(key, like.sizes(), 0.25, 1);
  if (ends("running_mean")) return values(key, like.sizes(), 0.1);
  if (ends(".bias")) return values(key, like.sizes(), 0.1);
  if (like.dim() == 4) {
    const auto fan_in = static_cast<double>(like.numel() / like.size(0));
    return values(key, like.sizes(), std::sqrt(6 / fan_in));
  }
  if (ends(".bn3.weight")) return values(key, like.sizes(), 0.025, 0.25);
  return values(key, like.sizes(), 0.1, 1);
}

inline void fill(torch::nn::Module& net) {
  const torch::NoGradGuard no_grad;
  for (auto& p : net.named_parameters()) p.value().copy_(entry(p.key(), p.value()));
  for (auto& b : net.named_buffers()) b.value().copy_(entry(b.key(), b.value()));
}

}  // namespace closed_form
