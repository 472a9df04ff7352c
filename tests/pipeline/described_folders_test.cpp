#include "pipeline/described_folders.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

#include <cag/data/cityscapes.hpp>
#include <cag/data/gta5.hpp>
#include <cag/data/image_folder.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>
#include <cag/io/anchor_file.hpp>

#include "captured_output.hpp"
#include "check_error.hpp"
#include "data/example_data.hpp"
#include "data/jpeg_files.hpp"
#include "pipeline/check_data.hpp"
#include "pipeline/colours.hpp"
#include "pipeline/palette.hpp"
#include "small_run.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

namespace fs = std::filesystem;
using cag::test::Arguments;
using cag::test::check_error;
using cag::test::Outcome;
using cag::test::read_file;
using cag::test::small;
using cag::test::TemporaryFolder;
using cag::test::write_file;
using Catch::Contains;
using pipeline::Config;

namespace {

cag::test::Ended run_folders(const Arguments& arguments) {
  return cag::test::run("adapt_folders", arguments);
}

/// The streets of small() as a user's folders: the source's labels as colours beside its images,
/// the target's images as JPEG. The source has no persons, the target no poles.
class FolderData {
 public:
  FolderData() {
    const auto table = cag::label_table::gta5();
    const cag::data::Gta5 source(small().source());
    for (std::int64_t i = 0; i < source.size(); ++i) {
      const auto sample = source.get(i);
      const auto place = folder_ / "day" / fs::path("drive_1") / sample.name;
      fs::create_directories(place.parent_path());
      cag::png::write_rgb(place.string() + ".png", sample.image);
      cag::png::write_rgb(place.string() + "_mask.png", pipeline::coloured(sample.label, table));
    }
    const cag::data::CityscapesImages train(small().target(), "train");
    for (std::int64_t i = 0; i < train.size(); ++i)
      cag::test::put_jpeg(folder_ / "dusk" / fs::path("train") / (train.name(i) + ".jpg"),
                          train.get(i).image);
    const cag::data::CityscapesPairs val(small().target(), "val");
    fs::create_directories(folder_ / "dusk/val_ids");
    for (std::int64_t i = 0; i < val.size(); ++i) {
      const auto sample = val.get(i);
      cag::test::put_jpeg(folder_ / "dusk/val" / (sample.name + ".JPEG"), sample.image);
      cag::png::write_labels(folder_ / "dusk/val_ids" / (sample.name + ".png"),
                             val.table().ids(sample.label));
    }
    write_file(config(), text());
  }

  fs::path config() const { return folder_ / "folders.toml"; }
  fs::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  std::string text() const {
    auto text = read_file(small().config());
    const auto begin = text.find("categories = ");
    text.erase(begin, text.find("]\n", begin) + 2 - begin);
    text.insert(begin, fmt::format("source = \"{}\"\ntarget = \"{}\"\n", (folder_ / "day").string(),
                                   (folder_ / "dusk").string()));
    std::vector<std::string> other_colours{"[0, 0, 0]"};
    std::vector<std::int32_t> other_ids{0};
    const auto table = cag::label_table::cityscapes();
    for (const auto& [name, colour, ids] : table.categories()) {
      const auto shown = fmt::format("{}", colour);
      const auto& categories = cag::test::kSmallCategories;
      const bool kept = std::find(categories.begin(), categories.end(), name) != categories.end();
      if (!kept || name == "person") other_colours.push_back(shown);
      if (!kept || name == "pole") other_ids.push_back(ids.front());
      if (!kept) continue;
      text += fmt::format("[[categories]]\nname = \"{}\"\n", name);
      if (name != "person") text += fmt::format("source = [{}]\n", shown);
      if (name != "pole") text += fmt::format("target = {}\n", ids);
    }
    return text + fmt::format(R"([source]
images = "."
labels = "."
label_suffix = "_mask"
label_values = "colours"
ignored = [{}]
[target]
images = "train"
validation_images = "val"
validation_labels = "val_ids"
ignored = {}
)",
                              fmt::join(other_colours, ", "), other_ids);
  }

  TemporaryFolder folder_;
};

const FolderData& data() {
  static const FolderData data;
  return data;
}

constexpr const char* kLeast = R"([[categories]]
name = "road"
source = [7]
target = [[128, 64, 128]]
[[categories]]
name = "car"
source = [26, 27]
target = [[0, 0, 142]]
[source]
images = "images"
labels = "labels"
ignored = [0]
[target]
images = "train"
label_values = "colours"
validation_images = "val"
validation_labels = "val_labels"
ignored = [[0, 0, 0]]
)";

Config parse(const std::string& text) {
  auto config = pipeline::parse_config(text, "x.toml");
  pipeline::check(config);
  pipeline::DescribedFolders().check(config);
  return config;
}

/// kLeast with something else in place of a part of it.
std::string with(const std::string& part, const std::string& other) {
  std::string text = kLeast;
  REQUIRE(text.find(part) != text.npos);
  return text.replace(text.find(part), part.size(), other);
}

}  // namespace

TEST_CASE("Folders with colour labels and JPEG images are checked, adapted to and evaluated",
          "[adapt]") {
  const TemporaryFolder folder;
  const auto checked = run_folders({"check-data", "--config", data().config()});
  INFO(checked.output << checked.errors);
  REQUIRE(checked.code == 0);
  CHECK_THAT(checked.output,
             Contains("label colour") && Contains("[128, 64, 128]") && Contains("label id") &&
                 Contains("no labels of: person; they get no anchor") &&
                 Contains("no labels of: pole; they are not in the target's mIoU") &&
                 Contains("no problems"));

  const auto out = folder / "run";
  const auto ended = run_folders({"adapt", "--config", data().config(), "--out", out});
  INFO(ended.output << ended.errors);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output, Contains("the source has no labels of person: they get no anchor") &&
                               Contains("the target has no labels of pole"));

  const auto outcome = Outcome::of(out);
  const auto& header = outcome.rows.front();
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  std::string last;
  for (std::size_t i = 1; i < outcome.rows.size(); ++i) {
    const auto& row = outcome.rows[i];
    const bool target = row[column("domain")].starts_with("target");
    CHECK((row[column("iou_pole")] == "nan") == target);
    CHECK((row[column("iou_person")] == "nan" || target));
    double sum = 0;
    int known = 0;
    for (const auto& name : cag::test::kSmallCategories) {
      auto key = "iou_" + name;
      std::replace(key.begin(), key.end(), ' ', '_');
      const auto value = std::stod(row[column(key)]);
      if (std::isnan(value)) continue;
      sum += value;
      ++known;
    }
    CHECK(std::stod(row[column("miou")]) == Approx(sum / known).margin(1e-5));
    if (row[column("domain")] == "target") last = row[column("miou")];
  }
  const auto anchors = cag::AnchorFile::load(out / "networks/anchors-1.safetensors");
  const auto person = std::find(anchors.categories.begin(), anchors.categories.end(), "person");
  REQUIRE(person != anchors.categories.end());
  CHECK_FALSE(anchors.anchors.seen()[person - anchors.categories.begin()].item<bool>());
  CHECK(anchors.anchors.seen().any().item<bool>());

  const auto network = out / "networks/stage-2";
  const auto evaluated = run_folders({"evaluate", "--network", network});
  INFO(evaluated.output << evaluated.errors);
  CHECK(evaluated.code == 0);
  CHECK_THAT(evaluated.output, Contains(fmt::format("{:.2f}", 100 * std::stod(last))) &&
                                   Contains("pole                  -"));
  CHECK(run_folders({"evaluate", "--network", network, "--split", "train"}).code == 2);
  CHECK(run_folders({"evaluate", "--network", network, "--statistics", "train"}).code == 0);

  const auto predicted = run_folders({"predict", "--network", network, "--images",
                                      data() / "dusk/train", "--out", folder / "pictures"});
  INFO(predicted.errors);
  CHECK(predicted.code == 0);
  const cag::data::ImageFolder ids((folder / "pictures") / "ids");
  CHECK(ids.size() == 8);
  const auto first = cag::png::read_label_ids(ids.path(0));
  CHECK(first.max().item<int>() < 9);
  CHECK_THAT(predicted.output, Contains("8 images"));
  // Without its run a network does not say what its categories look like.
  fs::create_directories(folder / "alone/deep");
  fs::copy(network, folder / "alone/deep/network", fs::copy_options::recursive);
  const Arguments alone{"predict",       "--network",           folder / "alone/deep/network",
                        "--images",      data() / "dusk/train", "--out",
                        folder / "again"};
  check_error(run_folders(alone), 2, {"--config FILE", "config.toml"});
  auto with_config = alone;
  with_config.insert(with_config.end(), {"--config", data().config()});
  CHECK(run_folders(with_config).code == 0);
  CHECK(run_folders({"figure", "--run", out, "--out", folder / "figure.png"}).code == 0);
}

TEST_CASE("A run over folders that was made longer ends as one that was as long from the start",
          "[adapt]") {
  const TemporaryFolder folder;
  const auto adapt = [&](const fs::path& out, const std::string& count) {
    const auto ended = run_folders(
        {"adapt", "--config", data().config(), "--out", out, "--set", "stages.count=" + count});
    INFO(ended.errors);
    REQUIRE(ended.code == 0);
  };
  adapt(folder / "whole", "2");
  adapt(folder / "parts", "1");
  auto config = read_file(folder / "parts/config.toml");
  const auto at = config.find("count = 1");
  REQUIRE(at != config.npos);
  write_file(folder / "parts/config.toml", config.replace(at, 9, "count = 2"));
  CHECK(run_folders({"adapt", "--resume", folder / "parts"}).code == 0);
  CHECK(Outcome::of(folder / "parts").networks == Outcome::of(folder / "whole").networks);

  config = read_file(folder / "parts/config.toml");
  const auto values = config.find("[ [ 70, 70, 70 ] ]");
  REQUIRE(values != config.npos);
  write_file(folder / "parts/config.toml", config.replace(values, 18, "[ [ 70, 70, 71 ] ]"));
  const auto refused = run_folders({"adapt", "--resume", folder / "parts"});
  INFO(refused.errors);
  CHECK(refused.code != 0);
}

TEST_CASE("A configuration of folders survives writing and reading") {
  const auto config = parse(kLeast);
  CHECK(config.categories.size() == 2);
  CHECK(config.categories[1].source.ids == std::vector<std::int64_t>{26, 27});
  CHECK(config.categories[1].target.colours == std::vector<cag::Colour>{{0, 0, 142}});
  CHECK(config.source.label_values == "ids");
  CHECK(config.target.ignored.colours == std::vector<cag::Colour>{{0, 0, 0}});
  const auto text = pipeline::to_toml(config);
  const auto again = parse(text);
  CHECK(pipeline::to_toml(again) == text);
  CHECK(again.categories == config.categories);
  CHECK(pipeline::first_difference(again, config).empty());
  auto other = config;
  other.categories[0].source.ids = {8};
  CHECK(pipeline::first_difference(other, config) == "categories");
  other = config;
  other.source.ignored.ids = {};
  CHECK(pipeline::first_difference(other, config) == "source.ignored");
  CHECK(pipeline::first_described_key(Config{}).empty());
  CHECK(pipeline::first_described_key(other) == "categories");
}

TEST_CASE("What is wrong with a description of folders is told by its key") {
  struct Case {
    std::string part, other, expected;
  };
  const auto [part, other, expected] = GENERATE(values<Case>({
      {"name = \"road\"", "name = \"car\"", "categories.name: expected each name once, got car"},
      {"name = \"road\"", "name = \"a,b\"", "categories.name: expected a name without commas"},
      {"name = \"road\"", "name = \"a\\u009bb\"",
       "categories.name: expected a name without commas"},
      {"target = [[128, 64, 128]]\n[[categories]]\nname = \"car\"\nsource = [26, 27]",
       "[[categories]]\nname = \"car\"",
       "categories: expected one at least with values of both domains, got road of the source and "
       "car of the target"},
      {"name = \"road\"", "", "categories: expected a name in each, got none"},
      {"name = \"road\"", "name = 3", "x.toml:2: categories.name: expected a string, got 3"},
      {"source = [7]", "sauce = [7]", "categories.sauce: unknown key: expected one of name"},
      {"source = [7]", "source = 7", "categories.source: expected label ids such as [7, 8]"},
      {"source = [7]", "source = [7, [1, 2, 3]]", "got both"},
      {"source = [7]", "source = [[1, 2, 256]]", "got [ 1, 2, 256 ]"},
      {"source = [7]", "source = [[1, 2, 3]]",
       "categories.source of road: expected ids, as source.label_values says, got colours"},
      {"source = [7]", "source = [65536]", "expected label ids from 0 to 65535, got 65536"},
      {"source = [7]", "source = [26]",
       "categories.source of car: expected each value once, got 26 again, which is road already"},
      {"source = [7]", "source = [7, 7]", "got 7 again, which is road already"},
      {"source = [7]", "source = [0]",
       "source.ignored: expected each value once, got 0 again, which is road already"},
      {"[[128, 64, 128]]", "[[0, 0, 142]]", "got [0, 0, 142] again, which is road already"},
      {"[[128, 64, 128]]", "[7]", "expected colours, as target.label_values says, got ids"},
      {"source = [7]", "colour = [1, 2]", "categories.colour: expected [red, green, blue]"},
      {"images = \"images\"", "", "source.images: expected the folder of the source's images"},
      {"labels = \"labels\"", "", "source.labels: expected the folder of the source's labels"},
      {"images = \"train\"", "", "target.images: expected the folder"},
      {"validation_images = \"val\"", "", "target.validation_labels: expected both folders"},
      {"label_values = \"colours\"", "label_values = \"rgb\"",
       "target.label_values: expected one of ids, colours, got rgb"},
      {"images = \"images\"", "images = \"images\"\nimage_suffix = \"a/b\"",
       "source.image_suffix: expected the end of a name, got a/b"},
      {"images = \"images\"", "imags = \"images\"", "did you mean source.images?"},
      {"[source]", "[data]\ncategories = [\"road\", \"tree\"]\n[source]",
       "data.categories: expected names of road, car, got tree"},
      {"[source]", "[data]\ntrain_split = \"day\"\n[source]", "data.train_split: expected train"},
      {"[source]", "[stages]\nmethod = \"oracle\"\n[source]",
       "target.labels: expected the folder of labels that the oracle trains on"},
  }));
  INFO(other);
  CHECK_THROWS_AS(parse(with(part, other)), cag::UsageError);
  CHECK_THROWS_WITH(parse(with(part, other)), Contains(expected));
}

TEST_CASE("Category names that would share a column of results.csv are refused") {
  auto config = parse(kLeast);
  config.categories[0].name = "traffic sign";
  config.categories[1].name = "traffic_sign";
  CHECK_THROWS_WITH(pipeline::check(config),
                    Contains("categories.name: expected names with columns of their own") &&
                        Contains("iou_traffic_sign of traffic sign, got traffic_sign"));
}

TEST_CASE("Validation images and labels below the training images are not trained on") {
  const TemporaryFolder folder;
  auto config = parse(kLeast);
  config.data.target = folder.path();
  config.target.images = ".";
  for (const auto* name : {"drive/1.png", "drive/2.png", "val/3.png", "val_labels/3.png"})
    cag::test::put_image(folder / name);
  const pipeline::DescribedFolders layout;
  CHECK(layout.target(config, "train").size() == 2);
  CHECK(layout.target(config, "train").name(1) == "drive/2");
  CHECK(layout.target(config, "val").size() == 1);
  // The other way round, and for labels of the training images.
  config.target.images = "drive";
  config.target.validation_images = ".";
  config.target.validation_labels = "val_labels";
  CHECK(layout.target(config, "val").size() == 1);
  CHECK(layout.target(config, "val").name(0) == "val/3");
  config.target.images = ".";
  config.target.labels = "masks";
  config.target.validation_images = "val";
  for (const auto* name : {"masks/drive/1.png", "masks/drive/2.png"})
    cag::test::put_image(folder / name);
  CHECK(layout.target(config, "train").size() == 2);
  CHECK(layout.target_labels(config, "train").size() == 2);
}

TEST_CASE("A folder that is not there ends adapt and check-data with one code", "[bad_input]") {
  const TemporaryFolder folder;
  const Arguments where{"--config", data().config(), "--set", "target.images=none"};
  for (const Arguments& command :
       {Arguments{"check-data"}, Arguments{"adapt", "--out", folder / "run"}}) {
    auto arguments = command;
    arguments.insert(arguments.end(), where.begin(), where.end());
    CHECK(run_folders(arguments).code == 3);
  }
  CHECK_FALSE(fs::exists(folder / "run"));
}

TEST_CASE("A figure shows a source that is much narrower than the target is high", "[adapt]") {
  const TemporaryFolder folder;
  const auto put = [&](const std::string& domain, int images, std::int64_t height,
                       std::int64_t width) {
    fs::create_directories(folder / (domain + "/labels"));
    for (int i = 0; i < images; ++i) {
      const auto name = std::to_string(i) + ".png";
      cag::test::put_image(folder / (domain + "/images") / name, height, width);
      cag::png::write_labels(
          folder / (domain + "/labels") / name,
          at::arange(height * width).remainder(2).to(at::kByte).view({height, width}));
    }
  };
  put("source", 6, 400, 8);
  put("target", 4, 8, 40);
  write_file(folder / "f.toml", R"(
categories = [{name = "a", source = [0], target = [0]}, {name = "b", source = [1], target = [1]}]
[data]
holdout_every = 3
[source]
images = "images"
labels = "labels"
[target]
images = "images"
[augmentation]
source_width = 0
source_height = 0
target_width = 0
target_height = 0
base_width = 0
crop_width = 0
crop_height = 0
[network]
name = "compact"
[warm_up]
iterations = 1
[stages]
count = 1
iterations = 1
[run]
batch = 2
evaluation_batch = 2
)");
  const auto adapted =
      run_folders({"adapt", "--config", folder / "f.toml", "--source", folder / "source",
                   "--target", folder / "target", "--out", folder / "run"});
  INFO(adapted.errors);
  REQUIRE(adapted.code == 0);
  const auto shown = run_folders(
      {"figure", "--run", folder / "run", "--out", folder / "figure.png", "--rows", "1"});
  INFO(shown.errors);
  CHECK(shown.code == 0);
  // Four pictures of the target, two of the source that are one pixel wide, and gaps between.
  CHECK(cag::png::size(folder / "figure.png") == cag::ImageSize{8, 4 * 40 + 2 * 1 + 5 * 4});
}

TEST_CASE("The descriptions of docs/data.md are sound") {
  const auto page = read_file(fs::path(std::getenv("CAG_TESTS")) / "../docs/data.md");
  int count = 0;
  for (auto at = page.find("```toml\n"); at != page.npos; at = page.find("```toml\n", at + 1)) {
    const auto begin = at + 8;
    CHECK_NOTHROW(parse(page.substr(begin, page.find("```", begin) - begin)));
    ++count;
  }
  CHECK(count == 2);
}

TEST_CASE("A description needs its categories, and the other programs none") {
  CHECK_THROWS_WITH(parse("[source]\nimages = \"a\"\n"),
                    Contains("categories: expected a table [[categories]]"));
  CHECK_THROWS_WITH(parse("[categories]\nname = \"a\"\n"),
                    Contains("x.toml:1: categories: expected a table [[categories]]"));
  check_error(cag::test::run({"check-data", "--config", data().config()}), 2,
              {"categories: expected none"});
}

TEST_CASE("Each category has a colour of its own in pictures") {
  using Row = Config::CategoryRow;
  const auto colours = pipeline::picture_colours(
      {Row{.name = "a", .colour = cag::Colour{128, 0, 0}}, Row{.name = "b"},
       Row{.name = "c", .source = {.colours = {{9, 9, 9}}}},
       Row{.name = "d", .source = {.colours = {{9, 9, 9}, {8, 8, 8}}}}});
  // PASCAL VOC's colours: 1 is (128, 0, 0), 2 is (0, 128, 0).
  CHECK(colours == std::vector<cag::Colour>{{128, 0, 0}, {0, 128, 0}, {9, 9, 9}, {8, 8, 8}});
}

TEST_CASE("check-data names the file, the colour and the place of what no table lists") {
  const TemporaryFolder folder;
  auto config = parse(kLeast);
  config.data.source = folder / "source";
  config.data.target = folder / "target";
  config.run.batch = 2;
  for (const auto* name : {"1", "2", "3"}) {
    cag::test::put_jpeg(folder / "source/images" / (std::string(name) + ".jpg"),
                        at::full({6, 8, 3}, 9, at::kByte));
    fs::create_directories(folder / "source/labels");
    cag::png::write_labels(folder / "source/labels" / (std::string(name) + ".png"),
                           at::full({6, 8}, name[0] == '2' ? 26 : 7, at::kByte));
  }
  for (const auto* name : {"train/1", "train/2", "val/1"})
    cag::test::put_jpeg(folder / "target" / (std::string(name) + ".jpg"),
                        at::full({6, 8, 3}, 9, at::kByte));
  auto colours = at::full({6, 8, 3}, 0, at::kByte);
  const auto save = [&] {
    fs::create_directories(folder / "target/val_labels");
    cag::png::write_rgb(folder / "target/val_labels/1.png", colours);
  };
  save();
  const pipeline::Program program{.name = "test",
                                  .layout = std::make_shared<pipeline::DescribedFolders>()};
  const auto check = [&] {
    cag::test::CapturedOutput output;
    const int code = pipeline::check_data(program, config);
    return fmt::format("{}\n{}", code, output.text());
  };
  CHECK_THAT(check(), Catch::StartsWith("0\n") && Contains("no problems"));
  colours[2][3].fill_(1);
  save();
  CHECK_THAT(check(), Catch::StartsWith("3\n") && Contains("NOT IN THE TABLE") &&
                          Contains("1.png: colour (1, 1, 1) at x 3, y 2 is not in the table"));
  colours = at::full({5, 8, 3}, 0, at::kByte);
  save();
  CHECK_THAT(check(), Contains("1.jpg is 8 x 6 pixels, its label"));
  fs::remove_all(folder / "source/labels");
  CHECK_THAT(check(), Contains("source.labels: expected a folder, found none at") &&
                          Contains("source: cannot be opened"));
}
