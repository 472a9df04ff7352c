#include <cag/data/cityscapes.hpp>

#include <cag/data/dataset.hpp>
#include "example_data.hpp"
#include "temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::data::CityscapesImages;
using cag::data::CityscapesPairs;
using cag::test::put_image;
using cag::test::put_label;
using cag::test::TemporaryFolder;
using Catch::Contains;

static_assert(cag::TargetDataset<CityscapesImages>);
static_assert(cag::SourceDataset<CityscapesPairs>);
static_assert(!cag::TargetDataset<CityscapesPairs>);

namespace {

void put_pair(const TemporaryFolder& root, const std::string& city, const std::string& name) {
  put_image(root / "leftImg8bit/val" / city / (name + "_leftImg8bit.png"));
  put_label(root / "gtFine/val" / city / (name + "_gtFine_labelIds.png"), 26);
}

}  // namespace

TEST_CASE("Cityscapes images need no truth") {
  TemporaryFolder root;
  put_image(root / "leftImg8bit/train/b/b_1_leftImg8bit.png");
  put_image(root / "leftImg8bit/train/a/a_2_leftImg8bit.png");
  put_image(root / "leftImg8bit/train/a/a_1_leftImg8bit.png");
  put_image(root / "leftImg8bit/train/a/a_1_other.png");
  put_image(root / "leftImg8bit/val/c/c_1_leftImg8bit.png");
  const CityscapesImages images(root.path(), "train");
  REQUIRE(images.size() == 3);
  CHECK(images.name(0) == "a_1");
  CHECK(images.name(1) == "a_2");
  CHECK(images.name(2) == "b_1");
  CHECK(images.get(2).name == "b_1");
  CHECK(images.get(2).image.sizes() == at::IntArrayRef({6, 8, 3}));
  CHECK(images.image_size(2) == cag::ImageSize{.height = 6, .width = 8});
}

TEST_CASE("Cityscapes pairs carry truth") {
  TemporaryFolder root;
  put_pair(root, "a", "a_1");
  put_pair(root, "b", "b_1");
  const CityscapesPairs pairs(root.path(), "val");
  REQUIRE(pairs.size() == 2);
  CHECK(pairs.name(1) == "b_1");
  CHECK(pairs.get(1).label.eq(13).all().item<bool>());
}

TEST_CASE("Cityscapes reports all that is missing when it is opened") {
  TemporaryFolder root;
  CHECK_THROWS_WITH(CityscapesImages(root.path(), "train"),
                    Contains((root / "leftImg8bit/train").string()) && Contains("No such file"));
  CHECK_THROWS_AS(CityscapesPairs(root.path(), "train"), cag::DataError);
  std::filesystem::create_directories(root / "leftImg8bit/train/empty");
  CHECK_THROWS_WITH(CityscapesImages(root.path(), "train"), Contains("no */*_leftImg8bit.png"));

  put_pair(root, "a", "a_1");
  put_image(root / "leftImg8bit/val/a/a_2_leftImg8bit.png");
  put_label(root / "gtFine/val/a/a_3_gtFine_labelIds.png");
  CHECK_THROWS_WITH(CityscapesPairs(root.path(), "val"),
                    Contains("2 problems") &&
                        Contains("a_2_leftImg8bit.png: image without label") &&
                        Contains("a_3_gtFine_labelIds.png: label without image"));
  CHECK(CityscapesImages(root.path(), "val").size() == 2);
}

TEST_CASE("A name in two cities is refused, for predictions are written by name") {
  TemporaryFolder root;
  put_pair(root, "a", "x_1");
  put_pair(root, "b", "x_1");
  CHECK_THROWS_WITH(
      CityscapesImages(root.path(), "val"),
      Contains("b/x_1_leftImg8bit.png: same name as") && Contains("a/x_1_leftImg8bit.png"));
}

TEST_CASE("A folder that links back to itself does not make the search endless") {
  TemporaryFolder root;
  put_pair(root, "a", "a_1");
  const auto split = root / "leftImg8bit/val";
  std::filesystem::create_directory_symlink(split, split / "a/up");
  std::filesystem::create_directory_symlink("..", split / "parent");
  CHECK(CityscapesImages(root.path(), "val").size() == 1);
  std::filesystem::create_symlink("round", split / "round");
  CHECK_THROWS_WITH(CityscapesImages(root.path(), "val"), Contains("round: cannot be read"));
}

TEST_CASE("The dusk photographs load where they are present") {
  const auto root = cag::test::photographs() / "cityscapes";
  if (!std::filesystem::exists(root)) {
    WARN("skipped: no " << root);
    return;
  }
  CHECK(CityscapesImages(root, "train").size() == 62);
  CHECK(CityscapesPairs(root, "val").size() == 62);
}
