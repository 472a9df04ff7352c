#include <cag/data/synthia.hpp>

#include <algorithm>
#include <utility>

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>

#include <cag/data/dataset.hpp>
#include "example_data.hpp"
#include "temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::data::Synthia;
using cag::test::put_image;
using cag::test::put_label;
using cag::test::TemporaryFolder;
using Catch::Contains;

static_assert(cag::SourceDataset<Synthia>);
static_assert(!cag::TargetDataset<Synthia>);

namespace {

void put_label16(const std::filesystem::path& path, std::int64_t id) {
  std::filesystem::create_directories(path.parent_path());
  cag::png::write_label_ids16(path, at::full({6, 8}, id, at::kInt));
}

}  // namespace

TEST_CASE("SYNTHIA lists its pairs by name and takes the class id from the first channel") {
  TemporaryFolder root;
  for (const char* name : {"0000002.png", "0000000.png"}) {
    put_image(root / "RGB" / name);
    put_label16(root / "GT/LABELS" / name, name[6] == '2' ? 8 : 22);
  }
  const Synthia synthia(root.path());
  REQUIRE(synthia.size() == 2);
  CHECK(synthia.name(0) == "0000000");
  CHECK(synthia.get(0).label.eq(cag::kIgnoreIndex).all().item<bool>());  // a lane marking
  const auto sample = synthia.get(1);
  CHECK(sample.label.eq(13).all().item<bool>());  // a car
  CHECK(at::equal(sample.image, cag::png::read_rgb(root / "RGB/0000002.png")));
  CHECK(synthia.image_size(1) == cag::ImageSize{6, 8});
}

TEST_CASE("SYNTHIA refuses folders and files that are not as it stores them") {
  TemporaryFolder root;
  CHECK_THROWS_WITH(Synthia(root.path()), Contains("2 problems") &&
                                              Contains((root / "RGB").string()) &&
                                              Contains((root / "GT/LABELS").string()));
  put_image(root / "RGB/1.png");
  put_label(root / "GT/LABELS/1.png", 3);  // 8 bits
  put_image(root / "RGB/2.png");
  put_image(root / "GT/LABELS/2.png");  // a picture
  put_image(root / "RGB/3.png");
  put_label16(root / "GT/LABELS/3.png", 300);
  const Synthia synthia(root.path());
  CHECK_THROWS_WITH(synthia.get(0),
                    Contains((root / "GT/LABELS/1.png").string()) &&
                        Contains("expected a label of 16 bits and 3 channels, got 8 bits and 1"));
  CHECK_THROWS_WITH(synthia.get(1), Contains("LABELS/2.png") && Contains("got 8 bits and 3"));
  CHECK_THROWS_WITH(synthia.get(2), Contains("LABELS/3.png") && Contains("300 (48 px)"));
  for (std::int64_t i = 0; i < 3; ++i) CHECK_THROWS_AS(synthia.get(i), cag::DataError);
}

TEST_CASE("SYNTHIA's ids mean Cityscapes' categories") {
  // The class ids as SYNTHIA-RAND-CITYSCAPES documents them.
  const std::vector<std::pair<int, std::string>> documented{{1, "sky"},
                                                            {2, "building"},
                                                            {3, "road"},
                                                            {4, "sidewalk"},
                                                            {5, "fence"},
                                                            {6, "vegetation"},
                                                            {7, "pole"},
                                                            {8, "car"},
                                                            {9, "traffic sign"},
                                                            {10, "person"},
                                                            {11, "bicycle"},
                                                            {12, "motorcycle"},
                                                            {15, "traffic light"},
                                                            {16, "terrain"},
                                                            {17, "rider"},
                                                            {18, "truck"},
                                                            {19, "bus"},
                                                            {20, "train"},
                                                            {21, "wall"}};
  const auto table = cag::label_table::synthia();
  const auto names = table.names();
  CHECK(names == cag::label_table::cityscapes().names());
  const auto label = [&](std::int64_t id) {
    return table.apply(at::full({1, 1}, id, at::kInt), "").item<std::int64_t>();
  };
  for (const auto& [id, name] : documented) CHECK(names[label(id)] == name);
  for (const int ignored : {0, 13, 14, 22}) CHECK(label(ignored) == cag::kIgnoreIndex);
  CHECK_THROWS_AS(label(23), cag::DataError);

  const auto sixteen = cag::label_table::synthia_16(), thirteen = cag::label_table::synthia_13();
  CHECK(table.select(sixteen).size() == 16);
  CHECK(sixteen.front() == "road");
  CHECK(table.select(thirteen).size() == 13);
  for (const auto& name : thirteen)
    CHECK(std::find(sixteen.begin(), sixteen.end(), name) != sixteen.end());
}

TEST_CASE("The SYNTHIA photographs load where they are present") {
  const auto root = cag::test::photographs() / "synthia";
  if (!std::filesystem::exists(root)) {
    WARN("skipped: no " << root);
    return;
  }
  const Synthia synthia(root);
  CHECK(synthia.size() == 116);
  for (std::int64_t i = 0; i < synthia.size(); i += 20) {
    const auto label = synthia.get(i).label;
    CHECK(label.ne(cag::kIgnoreIndex).any().item<bool>());
  }
}
