#include "pipeline/predict.hpp"

#include <map>
#include <memory>

#include <torch/utils.h>

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <cag/data/label_tables.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>
#include <cag/model/backbone.hpp>
#include <cag/norm/reestimated.hpp>

#include "captured_output.hpp"
#include "data/example_data.hpp"
#include "pipeline/cityscapes_target.hpp"
#include "pipeline/network.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::png::read_label_ids;
using cag::png::read_rgb;
using cag::test::put_image;
using cag::test::TemporaryFolder;
using Catch::Contains;
using pipeline::PredictOptions;
using pipeline::TrainedNetwork;

namespace {

const pipeline::Program kProgram{
    .name = "test",
    .layout = std::make_shared<pipeline::CityscapesTarget>(cag::label_table::gta5(), nullptr),
};

/// Categories sky, road, car: not in the order of the table.
TrainedNetwork fresh_network() {
  const pipeline::Config::Network kind{.name = "compact"};
  torch::manual_seed(5);
  TrainedNetwork trained{kind,
                         pipeline::make_network(kind, 3),
                         {"sky", "road", "car"},
                         {{0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}}};
  // Logits of zero mean that vary enough for every category to occur.
  trained.net.module().eval();
  const torch::NoGradGuard no_grad;
  auto parameters = trained.net.module().named_parameters();
  parameters["classifier.weight"].mul_(100);
  const auto logits = trained.net.forward(at::randn({1, 3, 32, 32})).logits;
  parameters["classifier.bias"].sub_(logits.mean({0, 2, 3}));
  return trained;
}

struct Example {
  TemporaryFolder folder;
  PredictOptions options;
  TrainedNetwork trained = fresh_network();

  Example() {
    options.network = folder / "network";
    options.images = folder / "images";
    options.out = folder / "out";
    trained.save(options.network);
    put_image(options.images / "b.png", 21, 30);
    put_image(options.images / "city/a.png", 16, 17);
  }

  void run() const {
    cag::test::CapturedOutput unread;
    pipeline::predict(kProgram, options);
  }

  /// By LibTorch alone.
  at::Tensor expected_ids(const std::string& name) {
    const torch::NoGradGuard no_grad;
    const auto image = read_rgb(options.images / name);
    const auto input =
        image.permute({2, 0, 1}).unsqueeze(0).to(at::kFloat).div(255).sub(0.5).div(0.25);
    const auto logits = trained.net.forward(input).logits;
    const auto full = at::upsample_bilinear2d(logits, {image.size(0), image.size(1)}, true);
    const auto categories = full.argmax(1).squeeze(0);
    return at::where(categories.eq(0), 23, at::where(categories.eq(1), 7, 26)).to(at::kInt);
  }
};

}  // namespace

TEST_CASE("predict writes label ids at the size of each image, keeping folders") {
  Example example;
  example.run();
  for (const char* name : {"b.png", "city/a.png"}) {
    INFO(name);
    const auto ids = read_label_ids(example.options.out / "ids" / name);
    const auto expected = example.expected_ids(name);
    REQUIRE(ids.sizes() == expected.sizes());
    // Rounding may differ by the last bit between two ways to normalise.
    CHECK(ids.ne(expected).sum().item<std::int64_t>() <= 1);
  }
  CHECK(read_label_ids(example.options.out / "ids/b.png").min().item<int>() == 7);
  CHECK(read_label_ids(example.options.out / "ids/b.png").max().item<int>() == 26);
}

TEST_CASE("predict colours each category and lays its colour half over the image") {
  Example example;
  example.run();
  const auto out = example.options.out;
  const auto ids = read_label_ids(out / "ids/b.png");
  const auto image = read_rgb(example.options.images / "b.png");
  const auto colour = read_rgb(out / "colour/b.png");
  const auto overlay = read_rgb(out / "overlay/b.png");
  const std::map<int, cag::Colour> colours{
      {7, {128, 64, 128}}, {23, {70, 130, 180}}, {26, {0, 0, 142}}};
  for (std::int64_t y = 0; y < ids.size(0); ++y) {
    for (std::int64_t x = 0; x < ids.size(1); ++x) {
      for (std::int64_t c = 0; c < 3; ++c) {
        const int expected = colours.at(ids[y][x].item<int>())[static_cast<std::size_t>(c)];
        REQUIRE(colour[y][x][c].item<int>() == expected);
        REQUIRE(overlay[y][x][c].item<int>() == (image[y][x][c].item<int>() + expected + 1) / 2);
      }
    }
  }
}

TEST_CASE("predict can re-estimate batch norm on the images of a folder") {
  Example example;
  put_image(example.folder / "statistics/1.png", 24, 24);
  put_image(example.folder / "statistics/deep/2.png", 24, 24);
  example.run();
  const auto own = read_label_ids(example.options.out / "ids/b.png");
  example.options.statistics = example.folder / "statistics";
  example.run();
  const auto ids = read_label_ids(example.options.out / "ids/b.png");
  CHECK(ids.ne(own).any().item<bool>());

  std::vector<at::Tensor> images;
  for (const char* name : {"1.png", "deep/2.png"})
    images.push_back(example.trained.normalisation(read_rgb(example.folder / "statistics" / name)));
  cag::norm::Reestimated{}(example.trained.net, std::vector{at::stack(images)});
  CHECK(ids.ne(example.expected_ids("b.png")).sum().item<std::int64_t>() <= 1);
}

TEST_CASE("predict gives pictures of the image's size for any input size") {
  Example example;
  example.run();
  const auto whole = read_label_ids(example.options.out / "ids/b.png");
  example.options.width = 64;
  example.options.height = 32;
  example.run();
  const auto resized = read_label_ids(example.options.out / "ids/b.png");
  CHECK(resized.sizes() == whole.sizes());
  CHECK(resized.ne(whole).any().item<bool>());
}

TEST_CASE("predict leaves other files alone and does not read what it wrote") {
  Example example;
  example.options.out = example.options.images / "out";
  cag::test::write_file(example.options.images / ".hidden.png", "no PNG");
  cag::test::write_file(example.options.images / ".git/x.png", "no PNG");
  cag::test::write_file(example.options.images / "notes.txt", "");
  cag::test::write_file(example.options.out / "ids/mine.png", "mine");
  example.run();
  example.run();
  CHECK(std::filesystem::exists(example.options.out / "ids/city/a.png"));
  CHECK_FALSE(std::filesystem::exists(example.options.out / "ids/out"));
  CHECK(cag::test::read_file(example.options.out / "ids/mine.png") == "mine");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(example.options.out))
    files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 7);
}

TEST_CASE("predict re-estimates on the images alone, not on pictures it wrote among them") {
  Example example;
  example.options.statistics = example.options.images;
  example.options.width = example.options.height = 32;
  example.options.out = example.options.images / "out";
  example.run();
  const auto first = read_label_ids(example.options.out / "ids/b.png");
  example.run();
  CHECK(at::equal(read_label_ids(example.options.out / "ids/b.png"), first));
}

TEST_CASE("predict refuses to write over the images") {
  Example example;
  const auto refused = [&] {
    CHECK_THROWS_AS(example.run(), cag::UsageError);
    CHECK_THROWS_WITH(example.run(), Contains("expected an --out apart from the images"));
  };
  SECTION("the same folder") {
    example.options.out = example.options.images / ".";
    refused();
  }
  SECTION("images that lie where pictures go") {
    put_image(example.folder / "out/ids/deep/x.png");
    const auto before = cag::test::read_file(example.folder / "out/ids/deep/x.png");
    example.options.images = example.folder / "out/ids/deep";
    refused();
    CHECK(cag::test::read_file(example.folder / "out/ids/deep/x.png") == before);
  }
}

TEST_CASE("predict answers bad input with what it expected") {
  Example example;
  SECTION("no images") {
    std::filesystem::create_directory(example.folder / "empty");
    example.options.images = example.folder / "empty";
    CHECK_THROWS_AS(example.run(), cag::DataError);
    CHECK_THROWS_WITH(example.run(), Contains("empty: no *.{png,jpg,jpeg}"));
  }
  SECTION("no folder of images") {
    example.options.images = example.folder / "nowhere";
    CHECK_THROWS_AS(example.run(), cag::DataError);
    CHECK_THROWS_WITH(example.run(), Contains("nowhere: expected a folder of images"));
    CHECK_FALSE(std::filesystem::exists(example.options.out));
  }
  SECTION("a damaged image") {
    cag::test::write_file(example.options.images / "c.png", "no PNG");
    CHECK_THROWS_AS(example.run(), cag::DataError);
    CHECK_THROWS_WITH(example.run(), Contains("images/c.png: "));
  }
  SECTION("no statistics") {
    example.options.statistics = example.folder / "nowhere";
    CHECK_THROWS_AS(example.run(), cag::DataError);
    CHECK_THROWS_WITH(example.run(), Contains("nowhere: cannot be read"));
  }
  SECTION("an OUT that is a file") {
    cag::test::write_file(example.options.out, "mine");
    CHECK_THROWS_AS(example.run(), cag::UsageError);
    CHECK_THROWS_WITH(example.run(), Contains("out: expected a folder, found something else"));
  }
  SECTION("an OUT that cannot be made") {
    example.options.out = "/proc/cag/out";
    CHECK_THROWS_AS(example.run(), cag::IoError);
    CHECK_THROWS_WITH(example.run(), Contains("/proc/cag/out"));
  }
  SECTION("no network") {
    example.options.network = example.folder / "nowhere";
    CHECK_THROWS_AS(example.run(), cag::Error);
    CHECK_THROWS_WITH(example.run(), Contains("nowhere"));
  }
  SECTION("a category that Cityscapes lacks") {
    example.trained.categories = {"sky", "road", "kangaroo"};
    example.trained.save(example.options.network);
    CHECK_THROWS_AS(example.run(), cag::DataError);
    CHECK_THROWS_WITH(example.run(), Contains("no category kangaroo"));
  }
  SECTION("half a size") {
    example.options.width = 64;
    CHECK_THROWS_AS(example.run(), cag::UsageError);
    CHECK_THROWS_WITH(example.run(), Contains("got 64 and 0"));
  }
  SECTION("a negative size") {
    example.options.width = example.options.height = -1;
    CHECK_THROWS_AS(example.run(), cag::UsageError);
  }
  SECTION("a device that is none") {
    for (const char* device : {"gpu", "", "cuda:999", "meta", "cpu:x"}) {
      INFO(device);
      example.options.device = device;
      CHECK_THROWS_AS(example.run(), cag::UsageError);
      CHECK_THROWS_WITH(example.run(), Contains("device: expected cpu"));
    }
  }
}
