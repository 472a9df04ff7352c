#include "blocks/blocks.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include <ATen/ops/equal.h>

#include <cag/data/cityscapes.hpp>
#include <cag/data/gta5.hpp>
#include <cag/error.hpp>

#include "blocks/scene.hpp"
#include "catch.hpp"
#include "data/temporary_folder.hpp"

namespace fs = std::filesystem;
using cag::test::TemporaryFolder;
using Catch::Contains;

namespace {

std::map<fs::path, std::string> files_in(const fs::path& folder) {
  std::map<fs::path, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[entry.path().lexically_relative(folder)] = cag::test::read_file(entry.path());
  return files;
}

}  // namespace

TEST_CASE("blocks draws what the readers of GTA5 and Cityscapes read") {
  const TemporaryFolder folder;
  blocks::generate({.images = 5, .size = {.height = 33, .width = 50}}, folder / "new/data");
  const cag::data::Gta5 source(folder / "new/data/gta5");
  const fs::path cityscapes = folder / "new/data/cityscapes";
  const cag::data::CityscapesPairs train(cityscapes, "train"), validation(cityscapes, "val");
  CHECK(source.size() == 5);
  CHECK(train.size() == 5);
  CHECK(validation.size() == 1);
  CHECK(validation.name(0) == "blocks_000000_000000");
  std::set<std::int64_t> categories;
  for (std::int64_t i = 0; i < source.size(); ++i) {
    const auto sample = source.get(i);
    CHECK((sample.image.sizes() == at::IntArrayRef{33, 50, 3}));
    const auto pixels = sample.label.view({-1}).bincount();
    for (std::int64_t k = 0; k < pixels.numel(); ++k)
      if (pixels[k].item<std::int64_t>() > 0) categories.insert(k);
    // Dusk is dark, and no scene of the one set is in the other.
    CHECK(train.get(i).image.to(at::kFloat).mean().item<float>() <
          sample.image.to(at::kFloat).mean().item<float>() - 20);
    CHECK_FALSE(at::equal(train.get(i).label, sample.label));
  }
  CHECK((categories == std::set<std::int64_t>{0, 1, 2, 5, 7, 8, 10, 11, 13}));
}

TEST_CASE("blocks draws the same for the same seed alone") {
  const TemporaryFolder folder;
  const auto drawn = [&](const char* name, std::int64_t images, std::uint64_t seed) {
    blocks::generate({.images = images, .size = {32, 32}, .seed = seed}, folder / name);
    return files_in(folder / name);
  };
  const auto first = drawn("first", 2, 1);
  CHECK(first.size() == 2 * (2 + 2 + 1));
  CHECK((first == drawn("again", 2, 1)));
  const auto other = drawn("other", 2, 2), longer = drawn("longer", 3, 1);
  for (const auto& [name, bytes] : first) {
    INFO(name);
    CHECK((other.at(name) != bytes));
    CHECK((longer.at(name) == bytes));
  }
}

TEST_CASE("a scene's labels agree with its picture in every pixel") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    cag::Stream stream({.seed = seed});
    const auto scene = blocks::Scene::draw({.height = 96, .width = 192}, stream);
    const auto image = scene.image.accessor<std::uint8_t, 3>();
    const auto ids = scene.ids.accessor<std::uint8_t, 2>();
    std::map<std::array<int, 3>, std::set<int>> shown;
    for (std::int64_t y = 0; y < 96; ++y)
      for (std::int64_t x = 0; x < 192; ++x)
        shown[{image[y][x][0], image[y][x][1], image[y][x][2]}].insert(ids[y][x]);
    CHECK(shown.size() > 20);
    for (const auto& [colour, meanings] : shown) CHECK(meanings.size() == 1);
  }
}

TEST_CASE("blocks refuses what it cannot draw or write, and leaves nothing") {
  const TemporaryFolder folder;
  const auto out = folder / "data";
  CHECK_THROWS_WITH(blocks::generate({.size = {.height = 31, .width = 64}}, out),
                    Contains("32 to 4096") && Contains("64 x 31"));
  CHECK_THROWS_AS(blocks::generate({.size = {.height = 64, .width = 5000}}, out), cag::UsageError);
  CHECK_THROWS_WITH(blocks::generate({.images = 1}, out), Contains("2 to 99999, got 1"));
  cag::test::write_file(folder / "file", "of bytes");
  CHECK_THROWS_AS(blocks::generate({.images = 2}, folder / "file"), cag::UsageError);
  CHECK_THROWS_AS(blocks::generate({.images = 2}, fs::path(folder / "file") / "data"),
                  cag::IoError);
  CHECK(cag::test::read_file(folder / "file") == "of bytes");
  CHECK(files_in(folder.path()).size() == 1);
}
