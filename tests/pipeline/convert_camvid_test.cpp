#include "pipeline/convert_camvid.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>

#include <cag/data/cityscapes.hpp>
#include <cag/data/gta5.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>

#include "captured_output.hpp"
#include "data/example_data.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::png::read_label_ids;
using cag::png::read_rgb;
using cag::test::TemporaryFolder;
using Catch::Contains;

namespace {

/// Six frames: day in all three parts, dusk in train and test.
struct Example {
  TemporaryFolder folder;
  std::filesystem::path camvid = folder / "CamVid";
  std::filesystem::path out = folder / "day_to_dusk";

  Example() {
    for (const char* name : {"train/0001TP_006690", "train/0006R0_f00930", "train/0016E5_00390",
                             "val/0016E5_07959", "test/0001TP_008550", "test/Seq05VD_f00000"})
      frame(name, static_cast<std::uint8_t>(++count_));
  }

  /// An image of one grey and labels of one id, which is also the grey.
  void frame(const std::filesystem::path& name, std::uint8_t id, std::int64_t height = 360,
             std::int64_t width = 480) {
    put(name, at::full({height, width, 3}, id, at::kByte),
        at::full({height, width}, id, at::kByte));
  }

  void put(const std::filesystem::path& name, const at::Tensor& image, const at::Tensor& labels) {
    for (const auto& path : {image_of(name), label_of(name)})
      std::filesystem::create_directories(path.parent_path());
    cag::png::write_rgb(image_of(name), image);
    cag::png::write_labels(label_of(name), labels);
  }

  std::filesystem::path image_of(const std::filesystem::path& name) const {
    return camvid / (name.string() + ".png");
  }
  std::filesystem::path label_of(const std::filesystem::path& name) const {
    return camvid / (name.parent_path().string() + "annot") / (name.filename().string() + ".png");
  }

  void convert() const {
    cag::test::CapturedOutput unread;
    pipeline::convert_camvid(camvid, out);
  }

  void check_refused(const std::string& message) const {
    CHECK_THROWS_AS(convert(), cag::DataError);
    CHECK_THROWS_WITH(convert(), Contains(message));
    CHECK_FALSE(std::filesystem::exists(out));
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  }

 private:
  int count_ = 0;
};

const std::string kImage = "cityscapes/leftImg8bit/", kTruth = "cityscapes/gtFine/";

}  // namespace

TEST_CASE("convert-camvid numbers the day frames over train, val and test") {
  const Example example;
  example.convert();
  const cag::data::Gta5 day(example.out / "gta5");
  REQUIRE(day.size() == 4);
  // The greys of 0006R0_f00930, 0016E5_00390, 0016E5_07959 and Seq05VD_f00000.
  const std::vector<int> greys{2, 3, 4, 6};
  for (std::int64_t i = 0; i < day.size(); ++i) {
    CHECK(day.name(i) == fmt::format("{:05}", i + 1));
    CHECK(day.get(i).image.eq(greys[static_cast<std::size_t>(i)]).all().item<bool>());
  }
}

TEST_CASE("convert-camvid splits dusk by the parts of the set and keeps frame numbers") {
  const Example example;
  example.convert();
  const auto root = example.out;
  const cag::data::CityscapesPairs train(root / "cityscapes", "train"),
      val(root / "cityscapes", "val");
  REQUIRE(train.size() == 1);
  REQUIRE(val.size() == 1);
  CHECK(std::filesystem::exists(root / (kImage + "train/dusk/dusk_000000_006690_leftImg8bit.png")));
  CHECK(
      std::filesystem::exists(root / (kTruth + "val/dusk/dusk_000000_008550_gtFine_labelIds.png")));
  CHECK(train.get(0).image.eq(1).all().item<bool>());
  CHECK(val.get(0).image.eq(5).all().item<bool>());
}

TEST_CASE("convert-camvid halves images by the rounded mean of 2 x 2 pixels") {
  Example example;
  auto image = at::full({360, 480, 3}, 0, at::kByte);
  const auto set = [&](int y, int x, int c, int value) { image[y][x][c] = value; };
  set(0, 0, 0, 255), set(0, 1, 0, 255), set(1, 0, 0, 255), set(1, 1, 0, 255);  // 255
  set(0, 0, 1, 1), set(0, 1, 1, 1);                                            // 2 / 4 -> 1
  set(0, 0, 2, 1);                                                             // 1 / 4 -> 0
  set(358, 478, 1, 3), set(359, 479, 1, 4);                                    // 7 / 4 -> 2
  set(358, 477, 1, 200);                                                       // of its neighbour
  example.put("train/0006R0_f00930", image, at::full({360, 480}, 3, at::kByte));
  example.convert();
  const auto half = read_rgb(example.out / "gta5/images/00001.png");
  REQUIRE(half.sizes() == at::IntArrayRef{180, 240, 3});
  CHECK(half[0][0][0].item<int>() == 255);
  CHECK(half[0][0][1].item<int>() == 1);
  CHECK(half[0][0][2].item<int>() == 0);
  CHECK(half[179][239][1].item<int>() == 2);
  CHECK(half[179][238][1].item<int>() == 50);
}

TEST_CASE("convert-camvid takes every second label and gives it Cityscapes' id") {
  Example example;
  auto labels = at::full({360, 480}, 9, at::kByte);
  for (int id = 0; id < 12; ++id) labels[0][2 * id] = id;
  labels[2][0] = 3;
  labels[1][1] = 11;
  for (const char* name : {"train/0006R0_f00930", "train/0001TP_006690"})
    example.put(name, at::full({360, 480, 3}, 1, at::kByte), labels);
  example.convert();
  for (const auto& file : {std::string("gta5/labels/00001.png"),
                           kTruth + "train/dusk/dusk_000000_006690_gtFine_labelIds.png"}) {
    INFO(file);
    const auto ids = read_label_ids(example.out / file);
    REQUIRE(ids.sizes() == at::IntArrayRef{180, 240});
    const std::vector<int> expected{23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 25, 0};
    for (std::size_t id = 0; id < expected.size(); ++id)
      CHECK(ids[0][static_cast<std::int64_t>(id)].item<int>() == expected[id]);
    CHECK(ids[1][0].item<int>() == 7);
    CHECK(ids[1][1].item<int>() == 24);
  }
}

TEST_CASE("convert-camvid gives the day's label files Cityscapes' colours") {
  const Example example;
  example.convert();
  const auto colours = read_rgb(example.out / "gta5/labels/00002.png");  // id 3: road
  CHECK(colours.select(2, 0).eq(128).all().item<bool>());
  CHECK(colours.select(2, 1).eq(64).all().item<bool>());
}

TEST_CASE("convert-camvid leaves what is there alone") {
  const Example example;
  cag::test::write_file(example.out / "mine", "mine");
  CHECK_THROWS_AS(example.convert(), cag::UsageError);
  CHECK_THROWS_WITH(example.convert(),
                    Contains("day_to_dusk: expected a new folder, found a folder"));
  CHECK(cag::test::read_file(example.out / "mine") == "mine");
}

TEST_CASE("convert-camvid reports everything wrong with the set and makes nothing") {
  Example example;
  SECTION("a missing folder") {
    std::filesystem::remove_all(example.camvid / "testannot");
    example.check_refused("testannot: cannot be read");
  }
  SECTION("a missing set") {
    std::filesystem::remove_all(example.camvid);
    CHECK_THROWS_WITH(example.convert(), Contains("6 problems") && Contains("valannot"));
  }
  SECTION("unpaired files of two parts") {
    std::filesystem::remove(example.label_of("train/0016E5_00390"));
    std::filesystem::remove(example.image_of("test/0001TP_008550"));
    example.check_refused("train/0016E5_00390.png: image without label");
    example.check_refused("testannot/0001TP_008550.png: label without image");
  }
  SECTION("a wrong size, of images and of labels") {
    example.frame("val/0016E5_07959", 2, 180, 240);
    cag::png::write_labels(example.label_of("train/0016E5_00390"),
                           at::full({360, 481}, 1, at::kByte));
    example.check_refused("val/0016E5_07959.png: expected 480 x 360 pixels, got 240 x 180");
    example.check_refused("trainannot/0016E5_00390.png: expected 480 x 360 pixels, got 481 x 360");
    example.check_refused("2 problems");
  }
  SECTION("an id above 11, also where it is not sampled") {
    auto labels = at::full({360, 480}, 1, at::kByte);
    labels[1][1] = 12;
    cag::png::write_labels(example.label_of("val/0016E5_07959"), labels);
    example.check_refused("valannot/0016E5_07959.png: label ids that are not in the table: 12 (1 ");
  }
  SECTION("a damaged file") {
    cag::test::write_file(example.image_of("train/0016E5_00390"), "no PNG");
    example.check_refused("train/0016E5_00390.png: ");
  }
  SECTION("labels in colours") {
    cag::png::write_rgb(example.label_of("train/0016E5_00390"),
                        at::full({360, 480, 3}, 1, at::kByte));
    example.check_refused("trainannot/0016E5_00390.png: RGB label where ids are expected");
  }
  SECTION("a frame in two parts") {
    example.frame("test/0016E5_00390", 1);
    example.check_refused("test/0016E5_00390.png: in two parts of the set");
  }
  SECTION("no dusk to adapt to") {
    std::filesystem::remove(example.image_of("train/0001TP_006690"));
    std::filesystem::remove(example.label_of("train/0001TP_006690"));
    example.check_refused("train: no frame 0001TP_*");
  }
  SECTION("dusk in a part that has no split") {
    example.frame("val/0001TP_000001", 1);
    example.check_refused("val: expected no frame 0001TP_*");
  }
}

TEST_CASE("convert-camvid gives the photographs back") {
  const auto photographs = cag::test::photographs();
  if (!std::filesystem::exists(photographs)) {
    WARN("skipped: no photographs at " << photographs.lexically_normal().string());
    return;
  }
  // Doubled pixels are halved exactly, ids are those of CamVid again.
  const auto doubled = [](const at::Tensor& t) {
    return t.repeat_interleave(2, 0).repeat_interleave(2, 1).contiguous();
  };
  const auto camvid_ids = [](const at::Tensor& ids) {
    auto lookup = at::full({256}, 255, at::kByte);
    const std::vector<int> cityscapes{23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 25, 0};
    for (std::size_t id = 0; id < cityscapes.size(); ++id)
      lookup[cityscapes[id]] = static_cast<int>(id);
    return lookup.index_select(0, ids.view({-1}).to(at::kLong)).view_as(ids);
  };
  Example example;
  std::filesystem::remove_all(example.camvid);
  std::vector<std::string> files;
  const auto put = [&](const std::string& name, const std::string& image,
                       const std::string& label) {
    example.put(name, doubled(read_rgb(photographs / image)),
                doubled(camvid_ids(read_label_ids(photographs / label))));
    files.push_back(image);
    files.push_back(label);
  };
  put("train/0006R0_f00930", "gta5/images/00001.png", "gta5/labels/00001.png");
  put("val/0016E5_07959", "gta5/images/00002.png", "gta5/labels/00002.png");
  put("test/Seq05VD_f00000", "gta5/images/00003.png", "gta5/labels/00003.png");
  for (const auto& [part, split, number] :
       {std::tuple("train", "train", "006690"), std::tuple("test", "val", "008550")}) {
    const auto stem = fmt::format("{}/dusk/dusk_000000_{}", split, number);
    put(fmt::format("{}/0001TP_{}", part, number), kImage + stem + "_leftImg8bit.png",
        kTruth + stem + "_gtFine_labelIds.png");
  }
  example.convert();
  for (const auto& file : files) {
    INFO(file);
    REQUIRE(std::filesystem::exists(example.out / file));
    const bool label = file.find("label") != std::string::npos;
    CHECK(at::equal(read_rgb(example.out / file), read_rgb(photographs / file)));
    if (label)
      CHECK(at::equal(read_label_ids(example.out / file), read_label_ids(photographs / file)));
  }
}
