#include "pipeline/check_data.hpp"

#include <memory>

#include <ATen/ops/full.h>

#include <cag/data/gta5.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>

#include "pipeline/cityscapes_target.hpp"

#include "captured_output.hpp"
#include "data/example_data.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::test::put_image;
using cag::test::put_label;
using cag::test::TemporaryFolder;
using Catch::Contains;

namespace {

const pipeline::Program kProgram{
    .name = "test",
    .layout = std::make_shared<pipeline::CityscapesTarget>(
        cag::label_table::gta5(),
        [](const std::filesystem::path& root, const cag::LabelTable& table) {
          return pipeline::Labelled(cag::data::Gta5(root, table));
        }),
};

/// Three source pairs of 8 x 6 pixels, two target images, one of val with labels.
struct Example {
  TemporaryFolder folder;
  pipeline::Config config;

  Example() {
    config.data.source = folder / "gta5";
    config.data.target = folder / "cityscapes";
    config.data.categories = {"road", "sky", "car"};
    config.run.batch = 2;
    pair("1", 7);
    pair("2", 7);
    auto mixed = at::full({6, 8}, 0, at::kByte);
    mixed.slice(0, 0, 1).fill_(26);  // 8 pixels car, 40 unlabelled
    put_image(config.data.source / "images/3.png");
    cag::png::write_labels(config.data.source / "labels/3.png", mixed);
    put_image(target("leftImg8bit/train", "a_leftImg8bit"));
    put_image(target("leftImg8bit/train", "b_leftImg8bit"), 4, 5);
    put_image(target("leftImg8bit/val", "c_leftImg8bit"));
    put_label(target("gtFine/val", "c_gtFine_labelIds"), 23);
  }

  void pair(const std::string& name, std::uint8_t id) {
    put_image(config.data.source / "images" / (name + ".png"));
    put_label(config.data.source / "labels" / (name + ".png"), id);
  }

  std::filesystem::path target(const std::string& place, const std::string& name) const {
    return config.data.target / place / "dusk" / (name + ".png");
  }

  std::pair<int, std::string> check() const {
    cag::test::CapturedOutput output;
    const int code = pipeline::check_data(kProgram, config);
    return {code, output.text()};
  }
};

/// Runs of spaces become one, so that tests do not depend on the widths of columns.
std::string collapsed(const std::string& text) {
  std::string result;
  for (const char c : text)
    if (c != ' ' || !result.ends_with(' ')) result += c;
  return result;
}

}  // namespace

TEST_CASE("check-data prints sizes, label ids and categories of sound data and gives 0") {
  const auto [code, report] = Example().check();
  INFO(report);
  CHECK(code == 0);
  CHECK_THAT(report, Contains("gta5: 3 pairs of image and labels\n  8 x 6 pixels: 3 images\n"));
  CHECK_THAT(collapsed(report), Contains("\n 0 40 27.778 % 1 ignored\n"));
  CHECK_THAT(collapsed(report), Contains("\n 7 96 66.667 % 2 road\n"));
  CHECK_THAT(collapsed(report), Contains("\n 26 8 5.556 % 1 car\n"));
  CHECK_THAT(collapsed(report), Contains("\n road 96 66.667 % 2\n"));
  CHECK_THAT(collapsed(report), Contains("\n sky 0 0.000 % 0\n"));
  CHECK_THAT(collapsed(report), Contains("\n (ignored) 40 27.778 % 1\n"));
  CHECK_THAT(report, Contains("split train: 2 images, labels not read\n  5 x 4 pixels: 1 image\n"
                              "  8 x 6 pixels: 1 image\n"));
  CHECK_THAT(report, Contains("split val: 1 pairs"));
  CHECK_THAT(collapsed(report), Contains("\n sky 48 100.000 % 1\n"));
  CHECK_THAT(report, Contains("no problems\n"));
}

TEST_CASE("check-data warns of the categories that the source never holds") {
  const auto [code, report] = Example().check();
  CHECK_THAT(report, Contains("warning: never in the source: sky\n"));
  Example whole;
  whole.pair("4", 23);
  CHECK_THAT(whole.check().second, !Contains("never in the source"));
}

TEST_CASE("check-data counts an image once for a category of several ids") {
  Example example;
  example.config.data.categories = {"road"};
  const pipeline::Program program{
      .name = "test",
      .layout = std::make_shared<pipeline::CityscapesTarget>(
          cag::LabelTable({{"road", {}, {7, 26}}}, {0}),
          [](const std::filesystem::path& root, const cag::LabelTable& table) {
            return pipeline::Labelled(cag::data::Gta5(root, table));
          })};
  auto both = at::full({6, 8}, 7, at::kByte);
  both.slice(0, 0, 1).fill_(26);
  cag::png::write_labels(example.config.data.source / "labels/3.png", both);
  cag::test::CapturedOutput output;
  CHECK(pipeline::check_data(program, example.config) == 0);
  CHECK_THAT(collapsed(output.text()), Contains("\n road 144 100.000 % 3\n"));
}

TEST_CASE("check-data looks for labels of the target's training split for the oracle alone") {
  Example example;
  cag::test::write_file(example.target("gtFine/train", "a_gtFine_labelIds"), "no PNG");
  CHECK(example.check().first == 0);
  example.config.stages.method = "oracle";
  const auto [code, report] = example.check();
  CHECK(code == 3);
  CHECK_THAT(report, Contains("b_leftImg8bit.png: image without label"));
}

TEST_CASE("check-data says where the target has no labels to evaluate with") {
  Example example;
  std::filesystem::remove_all(example.config.data.target / "gtFine");
  const auto [code, report] = example.check();
  CHECK(code == 0);
  CHECK_THAT(report, Contains("split val: no labels, the target will not be evaluated"));
}

TEST_CASE("check-data lists the problems of all files of both domains and gives 3") {
  Example example;
  put_label(example.config.data.source / "labels/1.png", 99);
  put_image(example.config.data.source / "images/2.png", 4, 4);
  cag::test::write_file(example.target("leftImg8bit/train", "b_leftImg8bit"), "no PNG");
  cag::test::write_file(example.target("gtFine/val", "c_gtFine_labelIds"), "");
  const auto [code, report] = example.check();
  INFO(report);
  CHECK(code == 3);
  CHECK_THAT(report, Contains("4 problems:\n"));
  CHECK_THAT(report, Contains("labels/1.png: label ids that are not in the table: 99 (48 px)"));
  CHECK_THAT(report, Contains("images/2.png is 4 x 4 pixels, its label"));
  CHECK_THAT(report, Contains("b_leftImg8bit.png: "));
  CHECK_THAT(report, Contains("c_gtFine_labelIds.png: "));
  CHECK_THAT(collapsed(report), Contains("\n 99 48 50.000 % 1 NOT IN THE TABLE\n"));
}

TEST_CASE("check-data shows 20 problems and counts the rest") {
  Example example;
  for (int i = 10; i < 33; ++i) example.pair(std::to_string(i), 200);
  const auto [code, report] = example.check();
  CHECK(code == 3);
  CHECK_THAT(report, Contains("23 problems:\n") && Contains("labels/29.png: ") &&
                         !Contains("labels/30.png: ") && Contains("\n  and 3 more\n"));
}

TEST_CASE("check-data goes on where a data set cannot be opened") {
  Example example;
  std::filesystem::remove_all(example.config.data.source / "labels");
  std::filesystem::remove_all(example.config.data.target / "leftImg8bit/train");
  const auto [code, report] = example.check();
  INFO(report);
  CHECK(code == 3);
  CHECK_THAT(report,
             Contains("gta5: cannot be opened") && Contains("split train: cannot be opened"));
  CHECK_THAT(report, Contains("2 problems:") && Contains("split val: 1 pairs"));
}

TEST_CASE("check-data finds a source that is too small to train on") {
  Example example;
  for (const char* kind : {"images", "labels"})
    for (const char* name : {"2.png", "3.png"})
      std::filesystem::remove(example.config.data.source / kind / name);
  const auto [code, report] = example.check();
  CHECK(code == 3);
  CHECK_THAT(report,
             Contains("at least run.batch = 2 images to train on beside those held out, found 0"));
}

TEST_CASE("check-data finds sizes that cannot share a batch, unless images are resized") {
  Example example;
  CHECK(example.check().first == 0);
  example.config.augmentation.target_width = example.config.augmentation.target_height = 0;
  const auto [code, report] = example.check();
  CHECK(code == 3);
  CHECK_THAT(report, Contains("expected images of one size or augmentation.target_width set") &&
                         Contains("a of 8 x 6 and b of 5 x 4"));
}

TEST_CASE("check-data names a category that no table knows") {
  Example example;
  example.config.data.categories = {"road", "rode"};
  CHECK_THROWS_AS(example.check(), cag::DataError);
  CHECK_THROWS_WITH(example.check(), Contains("no category rode"));
}

TEST_CASE("check-data looks at the networks that a run would begin with") {
  Example example;
  example.config.network.name = "compact";
  const auto absent = example.folder / "absent";
  for (auto* path : {&example.config.run.start, &example.config.network.weights}) {
    *path = absent;
    const auto [code, output] = example.check();
    CHECK(code == 3);
    CHECK_THAT(output, Contains(absent.string()));
    path->clear();
  }
}

TEST_CASE("check-data finds the photographs sound") {
  const auto photographs = cag::test::photographs();
  if (!std::filesystem::exists(photographs)) {
    WARN("skipped: no photographs at " << photographs.lexically_normal().string());
    return;
  }
  Example example;
  example.config.data.source = photographs / "gta5";
  example.config.data.target = photographs / "cityscapes";
  example.config.data.categories = {"road",  "sidewalk",     "building",   "fence", "pole",  "car",
                                    "rider", "traffic sign", "vegetation", "sky",   "person"};
  const auto [code, report] = example.check();
  INFO(report);
  CHECK(code == 0);
  CHECK_THAT(report, Contains("577 pairs") && Contains("240 x 180 pixels: 577 images"));
  CHECK_THAT(report, Contains("62 images, labels not read") && Contains("62 pairs"));
  CHECK_THAT(report, !Contains("warning: never"));
}
