#include "streets/data_set.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include <ATen/ops/equal.h>
#include <ATen/ops/zeros_like.h>

#include <cag/data/cityscapes.hpp>
#include <cag/data/gta5.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>

#include "catch.hpp"
#include "data/temporary_folder.hpp"

namespace fs = std::filesystem;
using cag::test::TemporaryFolder;
using Catch::Contains;
using streets::DataSet;
using streets::Layout;

namespace {

DataSet small(Layout layout, std::int64_t images = 2) {
  return {.layout = layout,
          .style = streets::simulator(),
          .size = {.height = 33, .width = 50},
          .images = images,
          .seed = 5,
          .samples = 1,
          .workers = 1};
}

std::map<fs::path, std::string> files_in(const fs::path& folder) {
  std::map<fs::path, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[entry.path().lexically_relative(folder)] = cag::test::read_file(entry.path());
  return files;
}

}  // namespace

TEST_CASE("the layouts of GTA5 and Cityscapes are those that the readers read") {
  const TemporaryFolder folder;
  REQUIRE(streets::draw(small(Layout::kGta5, 3), folder / "new/gta5"));
  const cag::data::Gta5 source(folder / "new/gta5");
  REQUIRE(source.size() == 3);
  CHECK((source.get(2).image.sizes() == at::IntArrayRef{33, 50, 3}));

  auto target = small(Layout::kCityscapes);
  target.validation = 1;
  REQUIRE(streets::draw(target, folder / "cityscapes"));
  const cag::data::CityscapesPairs train(folder / "cityscapes", "train");
  const cag::data::CityscapesPairs validation(folder / "cityscapes", "val");
  CHECK(train.size() == 2);
  REQUIRE(validation.size() == 1);
  CHECK(validation.name(0) == "streets_000000_000000");
  // The splits show different scenes; the same scenes stand in both layouts.
  CHECK_FALSE(at::equal(validation.get(0).label, train.get(0).label));
  CHECK(at::equal(source.get(1).label, train.get(1).label));
}

TEST_CASE("the layout of SYNTHIA holds the same categories by SYNTHIA's ids") {
  const TemporaryFolder folder;
  REQUIRE(streets::draw(small(Layout::kGta5), folder / "gta5"));
  REQUIRE(streets::draw(small(Layout::kSynthia), folder / "synthia"));
  // Cityscapes id -> SYNTHIA id, from the two data sets' own lists.
  const std::map<int, int> same{{23, 1},  {11, 2},  {7, 3},   {8, 4},   {13, 5},
                                {21, 6},  {17, 7},  {26, 8},  {20, 9},  {24, 10},
                                {33, 11}, {32, 12}, {19, 15}, {22, 16}, {25, 17},
                                {27, 18}, {28, 19}, {31, 20}, {12, 21}};
  for (const auto& [ours, theirs] :
       {std::pair("00001.png", "0000000.png"), {"00002.png", "0000001.png"}}) {
    const auto ids = cag::png::read_label_ids(folder / "gta5/labels" / ours);
    const auto expected = cag::png::read_label_ids(folder / "synthia/GT/LABELS" / theirs);
    auto mapped = at::zeros_like(ids);
    for (const auto& [from, to] : same) mapped.masked_fill_(ids.eq(from), to);
    CHECK(at::equal(mapped, expected));
    CHECK(cag::test::read_file(folder / "gta5/images" / ours) ==
          cag::test::read_file(folder / "synthia/RGB" / theirs));
  }
}

TEST_CASE("a seed gives the same files, whatever the number of images and workers") {
  const TemporaryFolder folder;
  const auto drawn = [&](const std::string& name, std::int64_t images, std::uint64_t seed,
                         int workers) {
    auto data = small(Layout::kGta5, images);
    data.seed = seed;
    data.workers = workers;
    streets::draw(data, folder / name);
    return files_in(folder / name);
  };
  const auto first = drawn("first", 2, 1, 1);
  const auto longer = drawn("longer", 3, 1, 3), other = drawn("other", 2, 2, 1);
  for (const auto& [name, bytes] : first) {
    if (name == "streets.txt") continue;
    INFO(name);
    CHECK((longer.at(name) == bytes));
    CHECK((other.at(name) != bytes));
  }
}

TEST_CASE("a folder that holds the data set already is left as it is; anything else is refused") {
  const TemporaryFolder folder;
  const auto data = small(Layout::kGta5, 1);
  REQUIRE(streets::draw(data, folder / "data"));
  const auto before = files_in(folder.path());
  CHECK_FALSE(streets::draw(data, folder / "data"));
  auto other = data;
  other.seed = 6;
  CHECK_THROWS_WITH(streets::draw(other, folder / "data"),
                    Contains((folder / "data").string()) && Contains("seed 5"));
  fs::create_directories(folder / "mine");
  CHECK_THROWS_AS(streets::draw(data, folder / "mine"), cag::UsageError);
  CHECK((files_in(folder.path()) == before));
}

TEST_CASE("values out of range and folders that cannot be made leave nothing behind") {
  const TemporaryFolder folder;
  const auto refused = [&](auto change, const std::string& name, const std::string& found) {
    auto data = small(Layout::kGta5);
    change(data);
    CHECK_THROWS_WITH(streets::draw(data, folder / "data"),
                      Contains(name) && Contains("got " + found));
  };
  refused([](DataSet& d) { d.size.width = 31; }, "width: expected 32 to 8192", "31");
  refused([](DataSet& d) { d.size.height = 8193; }, "height: expected 32 to 8192", "8193");
  refused([](DataSet& d) { d.images = 0; }, "images", "0");
  refused([](DataSet& d) { d.images = 100000; }, "images", "100000");
  refused([](DataSet& d) { d.samples = 0; }, "samples", "0");
  refused([](DataSet& d) { d.workers = -1; }, "workers", "-1");
  refused([](DataSet& d) { d.validation = 1; }, "validation", "1");
  CHECK_THROWS_WITH(streets::style_by_name("night"), Contains("overcast") && Contains("night"));
  CHECK_THROWS_WITH(streets::layout_by_name("coco"), Contains("synthia") && Contains("coco"));

  cag::test::write_file(folder / "file", "of bytes");
  CHECK_THROWS_AS(streets::draw(small(Layout::kGta5), folder / "file"), cag::UsageError);
  CHECK_THROWS_AS(streets::draw(small(Layout::kGta5), folder / "file" / "data"), cag::UsageError);
  CHECK(files_in(folder.path()).size() == 1);
}

TEST_CASE("an error of one worker ends the drawing and leaves nothing that a reader would accept") {
  const TemporaryFolder folder;
  auto data = small(Layout::kGta5, 6);
  data.workers = 2;
  data.progress = [&](std::int64_t done, std::int64_t count) {
    CHECK(count == 6);
    if (done == 2) throw cag::IoError("no space left");
  };
  CHECK_THROWS_WITH(streets::draw(data, folder / "data"), "no space left");
  CHECK(files_in(folder.path()).empty());
}
