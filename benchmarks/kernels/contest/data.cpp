#include "data.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/where.h>

namespace bench {

namespace {

constexpr std::int64_t kPublished = 19, kWidth = 256;
constexpr double kMargin = 2.5, kActive = 0.45;
constexpr std::int64_t kPatch = 16;  // pixels on a side

/// As far from each other and from zero as the published ones, and as these not negative.
at::Tensor random_anchors(at::Generator random) {
  return (at::randn({1, kWidth}, random) * 0.7 + at::randn({kPublished, kWidth}, random) * 0.45)
      .clamp_min(0);
}

/// [P, D]: `share` of the way to another anchor at most.
at::Tensor mixed(const at::Tensor& own, const at::Tensor& other, const at::Tensor& uniform,
                 const at::Tensor& noise, double share) {
  return own + (other - own) * (uniform * share) + noise;
}

double active_share(const at::Tensor& features, const at::Tensor& anchors) {
  const auto nearest = std::get<0>(
      at::cdist(features.to(at::kDouble), anchors.to(at::kDouble)).topk(2, -1, /*largest=*/false));
  return (nearest.select(1, 1) - nearest.select(1, 0))
      .ge(kMargin)
      .to(at::kDouble)
      .mean()
      .item<double>();
}

}  // namespace

Data make_data(const Case& now, const std::string& anchors) {
  auto random = at::detail::createCPUGenerator(1);
  const auto all = anchors.empty() ? random_anchors(random)
                                   : read_bytes(anchors, {kPublished, kWidth}, at::kFloat);
  Data data;
  // Fewer channels of the same length.
  data.anchors = (all.narrow(0, 0, now.categories).narrow(1, 0, now.channels) *
                  std::sqrt(static_cast<double>(kWidth) / static_cast<double>(now.channels)))
                     .contiguous();
  const auto pixels = now.pixels();
  const auto rows = (now.height + kPatch - 1) / kPatch, columns = (now.width + kPatch - 1) / kPatch;
  const auto patches = at::randint(now.categories, {rows, columns}, random, at::kLong);
  const auto spread = [&](const at::Tensor& patch_values) {
    return patch_values.repeat_interleave(kPatch, 0)
        .repeat_interleave(kPatch, 1)
        .narrow(0, 0, now.height)
        .narrow(1, 0, now.width)
        .contiguous();
  };
  const auto category = spread(patches);
  data.category = category.unsqueeze(0);
  data.labels =
      spread(at::where(at::rand({rows, columns}, random).lt(0.1), 250, patches)).unsqueeze(0);

  const auto own = data.anchors.index_select(0, category.flatten());
  const auto step = at::randint(1, now.categories, {pixels}, random, at::kLong);
  const auto other =
      data.anchors.index_select(0, (category.flatten() + step).remainder(now.categories));
  const auto uniform = at::rand({pixels, 1}, random);
  const auto noise = at::randn({pixels, now.channels}, random) *
                     (2.0 / std::sqrt(static_cast<double>(now.channels)));
  // The share that leaves 45 % of the pixels active, by halving, of some of them.
  const auto some = at::arange(0, pixels, std::max<std::int64_t>(pixels / 2048, 1), at::kLong);
  const auto of_some = [&](const at::Tensor& values) { return values.index_select(0, some); };
  double low = 0, high = 1;
  for (int i = 0; i < 12; ++i) {
    const auto share = (low + high) / 2;
    const auto features =
        mixed(of_some(own), of_some(other), of_some(uniform), of_some(noise), share);
    (active_share(features, data.anchors) > kActive ? low : high) = share;
  }
  const auto features = mixed(own, other, uniform, noise, low);
  data.features = features.t().contiguous().view({1, now.channels, now.height, now.width});
  const auto certainty = 3 * at::rand({pixels, 1}, random);
  data.logits = (at::cdist(features, data.anchors) * -certainty)
                    .t()
                    .contiguous()
                    .view({1, now.categories, now.height, now.width});
  return data;
}

at::Tensor as_stored(const at::Tensor& map, const Case& now) {
  return map.to(now.half() ? at::kBFloat16 : at::kFloat)
      .contiguous(now.channels_last() ? at::MemoryFormat::ChannelsLast
                                      : at::MemoryFormat::Contiguous);
}

cag::kernels::FeatureMap view(const at::Tensor& map) {
  using cag::kernels::Element;
  return {.data = map.const_data_ptr(),
          .element = map.scalar_type() == at::kFloat ? Element::kFloat32 : Element::kBFloat16,
          .images = map.size(0),
          .channels = map.size(1),
          .pixels = map.size(2) * map.size(3),
          .image_stride = map.stride(0),
          .channel_stride = map.stride(1),
          .pixel_stride = map.stride(3)};
}

void write_bytes(const std::string& path, const at::Tensor& tensor) {
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(tensor.const_data_ptr()),
             static_cast<std::streamsize>(tensor.nbytes()));
  if (!file.flush()) throw std::runtime_error("could not write " + path);
}

at::Tensor read_bytes(const std::string& path, at::IntArrayRef sizes, at::ScalarType type) {
  auto tensor = at::empty(sizes, type);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(static_cast<char*>(tensor.mutable_data_ptr()),
                 static_cast<std::streamsize>(tensor.nbytes())))
    throw std::runtime_error("could not read " + std::to_string(tensor.nbytes()) + " bytes of " +
                             path);
  return tensor;
}

}  // namespace bench
