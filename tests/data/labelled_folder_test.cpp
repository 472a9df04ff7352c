#include <cag/data/labelled_folder.hpp>

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>

#include <cag/data/dataset.hpp>
#include <cag/data/image_folder.hpp>
#include <cag/data/label_file/colours.hpp>
#include <cag/data/label_file/ids.hpp>
#include "example_data.hpp"
#include "jpeg_files.hpp"
#include "temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::data::ImageFolder;
using cag::data::LabelledFolder;
using cag::label_file::Colours;
using cag::label_file::Ids;
using cag::test::put_image;
using cag::test::put_label;
using cag::test::TemporaryFolder;
using cag::test::write_file;
using Catch::Contains;

static_assert(cag::SourceDataset<LabelledFolder<Ids>> && cag::SizedDataset<LabelledFolder<Ids>>);
static_assert(cag::SourceDataset<LabelledFolder<Colours>>);
static_assert(cag::TargetDataset<ImageFolder> && cag::SizedDataset<ImageFolder>);

namespace {

struct Unnamed {
  at::Tensor operator()(const std::filesystem::path&) const { return {}; }
};
struct GivesATable {
  static constexpr std::string_view kName = "table";
  const cag::LabelTable& operator()(const std::filesystem::path&) const;
};
static_assert(cag::LabelFile<Ids> && cag::LabelFile<Colours>);
static_assert(!cag::LabelFile<Unnamed> && !cag::LabelFile<GivesATable>);

Ids ids() { return {{{{"road", {}, {7}}, {"car", {}, {26}}}, {255}}}; }

std::vector<std::string> names(const auto& dataset) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < dataset.size(); ++i) names.push_back(dataset.name(i));
  return names;
}
using Names = std::vector<std::string>;

void put_jpeg(const std::filesystem::path& path) {
  cag::test::put_jpeg(path, at::randint(0, 256, {6, 8, 3}, at::kByte));
}

}  // namespace

TEST_CASE("A folder of images lists PNG and JPEG files of all folders below it by name") {
  const TemporaryFolder root;
  put_image(root / "b.png");
  put_jpeg(root / "city/deep/a.JPG");
  put_jpeg(root / "c.jpeg");
  put_image(root / ".hidden/d.png");
  put_image(root / "out/e.png");
  for (const auto* other : {".e.png", "notes.txt", "f.jpg.txt"}) write_file(root / other, "");
  CHECK(names(ImageFolder(root.path())) == Names{"b", "c", "city/deep/a", "out/e"});
  const ImageFolder images(root.path(), {.except = {root / "out"}});
  CHECK(names(images) == Names{"b", "c", "city/deep/a"});
  CHECK(names(ImageFolder(root.path(), {.except = {root / "out", root / "none", root / "city"}})) ==
        Names{"b", "c"});
  CHECK(at::equal(images.get(2).image, cag::jpeg::read_rgb(root / "city/deep/a.JPG")));
  CHECK(images.get(0).name == "b");
  CHECK(images.path(2) == root / "city/deep/a.JPG");
  CHECK(images.image_size(1) == cag::ImageSize{6, 8});
  CHECK_THROWS_WITH(images.get(3), Contains("expected an index below 3, got 3"));
}

TEST_CASE("A suffix tells a folder's images from its other files") {
  const TemporaryFolder root;
  put_image(root / "1_rgb.png");
  put_image(root / "1_depth.png");
  put_image(root / "2_rgb.png");
  put_image(root / "_rgb.png");
  CHECK(names(ImageFolder(root.path(), {.suffix = "_rgb"})) == Names{"1", "2"});
  CHECK(names(ImageFolder(root.path(), {.except_suffix = "_rgb"})) == Names{"1_depth"});
}

TEST_CASE("What is wrong with a folder of images is told when it is opened") {
  const TemporaryFolder root;
  CHECK_THROWS_AS(ImageFolder(root.path()), cag::DataError);
  CHECK_THROWS_WITH(ImageFolder(root.path()), Contains(": no *.{png,jpg,jpeg}"));
  CHECK_THROWS_WITH(ImageFolder(root / "none"), Contains("none: cannot be read"));
  put_image(root / "a.png");
  put_jpeg(root / "a.jpg");
  CHECK_THROWS_WITH(ImageFolder(root.path()), Contains("a.png: same name as") && Contains("a.jpg"));
}

TEST_CASE("Images are paired with labels of the same path in another folder") {
  const TemporaryFolder root;
  put_jpeg(root / "images/day/1.jpg");
  put_image(root / "images/2.png");
  put_label(root / "labels/day/1.png", 7);
  put_label(root / "labels/2.PNG", 26);
  const LabelledFolder folder(root / "images", root / "labels", ids());
  CHECK(names(folder) == Names{"2", "day/1"});
  const auto sample = folder.get(1);
  CHECK(sample.name == "day/1");
  CHECK(at::equal(sample.image, cag::jpeg::read_rgb(root / "images/day/1.jpg")));
  CHECK(sample.label.eq(0).all().item<bool>());
  CHECK(folder.get(0).label.eq(1).all().item<bool>());
  CHECK(folder.label_path(1) == root / "labels/day/1.png");
}

TEST_CASE("Labels may lie beside or below the images, told by suffix or folder") {
  const TemporaryFolder root;
  put_jpeg(root / "a.jpg");
  put_image(root / "b.png");
  const std::string beside = GENERATE("_mask", "");
  for (const auto* name : {"a", "b"})
    put_label(root / ((beside.empty() ? "labels/" : "") + std::string(name) + beside + ".png"));
  const LabelledFolder folder(root.path(), beside.empty() ? root / "labels" : root.path(), ids(),
                              {.label_suffix = beside});
  CHECK(names(folder) == Names{"a", "b"});
  CHECK(folder.get(0).label.eq(0).all().item<bool>());
}

TEST_CASE("Both suffixes are taken off for the name") {
  const TemporaryFolder root;
  put_image(root / "x/city/1_left.png");
  put_label(root / "y/city/1_gt_ids.png");
  put_label(root / "y/city/1_gt_instances.png", 99);
  const LabelledFolder folder(root / "x", root / "y", ids(),
                              {.image_suffix = "_left", .label_suffix = "_gt_ids"});
  CHECK(names(folder) == Names{"city/1"});
  CHECK_THROWS_AS(LabelledFolder(root / "x", root / "x", ids()), cag::UsageError);
  CHECK_THROWS_WITH(LabelledFolder(root / "x", root / "x", ids()),
                    Contains("labels in another folder than images, or of another suffix"));
}

TEST_CASE("All that does not pair is told at once when a folder is opened") {
  const TemporaryFolder root;
  put_image(root / "images/1.png");
  put_image(root / "images/a/2.png");
  put_image(root / "images/3.png");
  put_label(root / "labels/2.png");
  put_label(root / "labels/3.png");
  put_jpeg(root / "labels/1.jpg");
  const auto open = [&] { LabelledFolder(root / "images", root / "labels", ids()); };
  CHECK_THROWS_AS(open(), cag::DataError);
  CHECK_THROWS_WITH(open(), Contains("4 problems") &&
                                Contains("1.jpg: a JPEG as label: its compression") &&
                                Contains("1.png: image without label") &&
                                Contains("a/2.png: image without label") &&
                                Contains("labels/2.png: label without image"));
  CHECK_THROWS_WITH(LabelledFolder(root / "images", root / "none", ids()),
                    Contains("1 problem:") && Contains("none: cannot be read"));
}

TEST_CASE("A label that does not fit is refused when it is read") {
  const TemporaryFolder root;
  for (const auto* name : {"1", "2", "3"})
    put_image(root / "images" / (std::string(name) + ".png"));
  put_label(root / "labels/1.png", 9);
  put_label(root / "labels/2.png", 7, 5, 8);
  put_jpeg(root / "labels/3.png");
  const LabelledFolder folder(root / "images", root / "labels", ids());
  CHECK_THROWS_WITH(folder.get(0), Contains("labels/1.png") && Contains("9 (48 px)"));
  CHECK_THROWS_WITH(folder.get(1), Contains("2.png is 8 x 6 pixels, its label") &&
                                       Contains("labels/2.png is 8 x 5"));
  CHECK_THROWS_WITH(folder.get(2), Contains("labels/3.png: a JPEG as label"));
  CHECK_THROWS_AS(folder.get(2), cag::DataError);
}

TEST_CASE("Labels may hold colours") {
  const TemporaryFolder root;
  put_jpeg(root / "images/1.jpg");
  auto colours = at::full({6, 8, 3}, 0, at::kByte);
  colours.select(0, 2).copy_(at::full({8, 3}, 200, at::kByte));
  std::filesystem::create_directories(root / "labels");
  cag::png::write_rgb(root / "labels/1.png", colours);
  const cag::ColourTable table({{}, {{200, 200, 200}}}, {{0, 0, 0}});
  const auto label = LabelledFolder(root / "images", root / "labels", Colours{table}).get(0).label;
  CHECK(label.eq(1).sum().item<std::int64_t>() == 8);
  CHECK(label.eq(cag::kIgnoreIndex).sum().item<std::int64_t>() == 40);
  const cag::ColourTable other({{{200, 200, 200}}}, {});
  CHECK_THROWS_WITH(LabelledFolder(root / "images", root / "labels", Colours{other}).get(0),
                    Contains("labels/1.png: colour (0, 0, 0) at x 0, y 0 is not in the table"));
}

TEST_CASE("Images and labels in folders that are excepted are passed over") {
  const TemporaryFolder root;
  for (const auto* name : {"1.png", "other/2.png"}) {
    put_image(root / "images" / name);
    put_label(root / "labels" / name, 7);
  }
  put_image(root / "images/other/3.png");
  CHECK_THROWS_WITH(LabelledFolder(root / "images", root / "labels", ids()),
                    Contains("image without label"));
  const LabelledFolder folder(root / "images", root / "labels", ids(),
                              {.except = {root / "images/other", root / "labels/other"}});
  CHECK(names(folder) == Names{"1"});
}
