#include <cag/data/gta5.hpp>

#include <ATen/ops/equal.h>

#include <cag/data/dataset.hpp>
#include "example_data.hpp"
#include "temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::data::Gta5;
using cag::test::put_image;
using cag::test::put_label;
using cag::test::TemporaryFolder;
using Catch::Contains;

static_assert(cag::SourceDataset<Gta5>);
static_assert(!cag::TargetDataset<Gta5>);

TEST_CASE("GTA5 lists its pairs by name and loads them") {
  TemporaryFolder root;
  for (const char* name : {"00010", "00002", "00001"}) {
    put_image(root / "images" / (std::string(name) + ".png"));
    put_label(root / "labels" / (std::string(name) + ".png"), name[3] == '1' ? 26 : 7);
  }
  cag::test::write_file(root / "images/.hidden.png", "");
  cag::test::write_file(root / "images/readme.txt", "");
  const Gta5 gta5(root.path());
  REQUIRE(gta5.size() == 3);
  CHECK(gta5.name(0) == "00001");
  CHECK(gta5.name(1) == "00002");
  CHECK(gta5.name(2) == "00010");
  const auto sample = gta5.get(2);
  CHECK(sample.name == "00010");
  CHECK(at::equal(sample.image, cag::png::read_rgb(root / "images/00010.png")));
  CHECK(sample.label.eq(13).all().item<bool>());
  CHECK(sample.label.scalar_type() == at::kLong);
  CHECK_THROWS_WITH(gta5.get(3), Contains("expected an index below 3, got 3"));
  CHECK_THROWS_WITH(gta5.name(-1), Contains("got -1"));
}

TEST_CASE("GTA5 reports all that is missing when it is opened") {
  TemporaryFolder root;
  SECTION("both folders") {
    CHECK_THROWS_WITH(Gta5(root.path()), Contains("2 problems") &&
                                             Contains((root / "images").string()) &&
                                             Contains((root / "labels").string()));
    CHECK_THROWS_AS(Gta5(root.path()), cag::DataError);
  }
  SECTION("no image") {
    std::filesystem::create_directory(root / "images");
    put_label(root / "labels/1.png");
    CHECK_THROWS_WITH(Gta5(root.path()), Contains("1 problem:") && Contains("images: no *.png"));
  }
  SECTION("unpaired both ways") {
    for (const char* name : {"1.png", "2.png", "3.png"}) put_image(root / "images" / name);
    for (const char* name : {"2.png", "4.png"}) put_label(root / "labels" / name);
    CHECK_THROWS_WITH(Gta5(root.path()), Contains("3 problems") &&
                                             Contains("1.png: image without label") &&
                                             Contains("3.png: image without label") &&
                                             Contains("4.png: label without image"));
  }
  SECTION("more than 20 problems") {
    put_label(root / "labels/a.png");
    put_image(root / "images/a.png");
    for (int i = 10; i < 35; ++i) put_image(root / "images" / (std::to_string(i) + ".png"));
    CHECK_THROWS_WITH(Gta5(root.path()), Contains("25 problems") && Contains("29.png") &&
                                             !Contains("30.png") && Contains("and 5 more"));
  }
}

TEST_CASE("A GTA5 pair that does not fit is refused with both files") {
  TemporaryFolder root;
  put_image(root / "images/1.png", 48, 64);
  put_label(root / "labels/1.png", 7, 47, 64);
  put_image(root / "images/2.png");
  put_label(root / "labels/2.png", 200);
  put_image(root / "images/3.png");
  cag::test::write_file(root / "labels/3.png", "nothing");
  const Gta5 gta5(root.path());
  CHECK_THROWS_WITH(gta5.get(0),
                    Contains((root / "images/1.png").string() + " is 64 x 48 pixels") &&
                        Contains((root / "labels/1.png").string() + " is 64 x 47"));
  CHECK_THROWS_AS(gta5.get(0), cag::DataError);
  CHECK_THROWS_WITH(gta5.get(1),
                    Contains((root / "labels/2.png").string()) && Contains("200 (48 px)"));
  CHECK_THROWS_WITH(gta5.get(2), Contains((root / "labels/3.png").string()));
}

TEST_CASE("GTA5 takes a table of its own") {
  TemporaryFolder root;
  put_image(root / "images/1.png");
  put_label(root / "labels/1.png", 23);
  const std::vector<std::string> names{"road", "sky"};
  const Gta5 gta5(root.path(), cag::label_table::gta5().select(names));
  CHECK(gta5.table().size() == 2);
  CHECK(gta5.get(0).label.eq(1).all().item<bool>());
}

TEST_CASE("The GTA5 photographs load where they are present") {
  const auto root = cag::test::photographs() / "gta5";
  if (!std::filesystem::exists(root)) {
    WARN("skipped: no " << root);
    return;
  }
  const Gta5 gta5(root);
  CHECK(gta5.size() == 577);
  CHECK(gta5.get(0).image.sizes() == at::IntArrayRef({180, 240, 3}));
}
