// The simplest adaptation there is, for comparison: source images whose colours are distributed,
// channel by channel, as those of the target.

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <ATen/ops/searchsorted.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cag/data/cityscapes.hpp>
#include <cag/data/gta5.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>

#include "common/folders.hpp"
#include "common/guarded.hpp"

namespace {

constexpr std::int64_t kValues = 256;
constexpr std::int64_t kChannels = 3;

/// [3, 256]: the share of a data set's pixels that are at most as bright, for each channel.
template <typename D>
at::Tensor distributions(const D& images) {
  auto counts = at::zeros({kChannels, kValues}, at::kDouble);
  for (std::int64_t i = 0; i < images.size(); ++i) {
    const auto pixels = images.get(i).image.view({-1, kChannels}).to(at::kLong);
    for (std::int64_t c = 0; c < kChannels; ++c)
      counts[c] += pixels.select(1, c).bincount({}, kValues);
  }
  return counts.cumsum(1).div(counts.sum(1, /*keepdim=*/true));
}

/// [3, 256]: for each value of a channel the first that as large a share of the other is at most.
at::Tensor values_for(const at::Tensor& from, const at::Tensor& to) {
  constexpr double kRounding = 1e-9;  // shares that are equal may differ in their last bits
  return at::searchsorted(to, from.sub(kRounding)).to(at::kByte);
}

at::Tensor mapped(const at::Tensor& image, const at::Tensor& values) {
  std::vector<at::Tensor> channels;
  for (std::int64_t c = 0; c < kChannels; ++c)
    channels.push_back(values[c].take(image.select(2, c).to(at::kLong)));
  return at::stack(channels, 2);
}

void match(const std::filesystem::path& source, const std::filesystem::path& target,
           const std::filesystem::path& out) {
  common::expect_new(out);
  const cag::data::Gta5 images(source);
  const cag::data::CityscapesImages models(target, "train");
  common::make_whole(out, [&](const std::filesystem::path& fresh) {
    common::make_folder(fresh / "images");
    std::error_code error;
    std::filesystem::copy(source / "labels", fresh / "labels", error);
    if (error)
      throw cag::IoError("cannot copy {}: {}", (source / "labels").string(), error.message());
    const auto values = values_for(distributions(images), distributions(models));
    for (std::int64_t i = 0; i < images.size(); ++i)
      cag::png::write_rgb(fresh / "images" / (images.name(i) + ".png"),
                          mapped(images.get(i).image, values));
  });
  fmt::print("{} images: {}\n", images.size(), out.string());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Gives source images the colours of target images.", "match_colours");
  std::string source, target, out;
  app.add_option("--source", source, "folder in GTA5's layout")->required();
  app.add_option("--target", target, "folder in Cityscapes' layout, its split train")->required();
  app.add_option("--out", out, "folder to make, in GTA5's layout")->required();
  return common::guarded(app, [&] {
    app.parse(argc, argv);
    match(source, target, out);
    return 0;
  });
}
