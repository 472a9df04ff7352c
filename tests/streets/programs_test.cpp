#include <cstdint>
#include <filesystem>
#include <iterator>
#include <vector>

#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <cag/data/png.hpp>

#include "catch.hpp"
#include "check_error.hpp"
#include "data/temporary_folder.hpp"
#include "program.hpp"

namespace fs = std::filesystem;
using cag::test::Arguments;
using cag::test::check_error;
using cag::test::run;
using cag::test::TemporaryFolder;
using Catch::Contains;

namespace {

Arguments drawing(const fs::path& out, const Arguments& more = {}) {
  Arguments arguments{"--images", "2",         "--width", "64",    "--height",
                      "32",       "--samples", "1",       "--out", out};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

at::Tensor image(const std::vector<std::int64_t>& red) {
  const auto values = at::tensor(red, at::kByte);
  return at::stack({values, values.mul(0), values.mul(0).add(7)}, 1)
      .view({1, static_cast<std::int64_t>(red.size()), 3});
}

}  // namespace

TEST_CASE("streets draws once and says that it did not draw again") {
  const TemporaryFolder folder;
  const auto drawn = run("streets", drawing(folder / "data"));
  CHECK(drawn.code == 0);
  CHECK_THAT(drawn.output, Contains("2 of 2 images") && Contains("style simulator"));
  CHECK_THAT(run("streets", drawing(folder / "data")).output, Contains("there already"));
}

TEST_CASE("streets refuses what it cannot draw, and leaves nothing where it fails") {
  const TemporaryFolder folder;
  const auto out = folder / "data";
  check_error(run("streets", drawing(out, {"--style", "night"})), 2, {"style", "night"});
  check_error(run("streets", drawing(out, {"--seed", "many"})), 2, {"--seed", "many"});
  check_error(run("streets", {"--out", out, "--width", "8"}), 2, {"width", "32 to 8192", "got 8"});
  check_error(run("streets", drawing(out), 1000), 6, {"cannot write", "images", "File too large"});
  CHECK(fs::is_empty(folder.path()));

  fs::create_directories(out);
  check_error(run("streets", drawing(out)), 2, {out.string(), "expected a new folder"});
  CHECK(fs::is_empty(out));
}

TEST_CASE("match_colours gives the source the target's distribution of each channel") {
  const TemporaryFolder folder;
  const auto source = folder / "gta5", target = folder / "cityscapes", out = folder / "matched";
  const auto labels = at::tensor({7, 8, 11, 23}, at::kByte).view({1, 4});
  for (const auto* made : {"images", "labels"}) fs::create_directories(source / made);
  fs::create_directories(target / "leftImg8bit/train/a");
  cag::png::write_rgb(source / "images/00001.png", image({10, 20, 30, 40}));
  cag::png::write_labels(source / "labels/00001.png", labels, {});
  cag::png::write_rgb(target / "leftImg8bit/train/a/a_0_0_leftImg8bit.png",
                      image({5, 5, 100, 200}));
  const Arguments arguments{"--source", source, "--target", target, "--out", out};
  const auto matched = run("match_colours", arguments);
  INFO(matched.errors);
  REQUIRE(matched.code == 0);
  // The darkest half of the source becomes what the darkest half of the target is.
  CHECK(cag::png::read_rgb(out / "images/00001.png").equal(image({5, 5, 100, 200})));
  CHECK(cag::png::read_label_ids(out / "labels/00001.png").equal(labels.to(at::kInt)));

  check_error(run("match_colours", arguments), 2, {out.string(), "expected a new folder"});
}

TEST_CASE("match_colours leaves nothing where the disk is full") {
  const TemporaryFolder folder;
  REQUIRE(run("streets", drawing(folder / "gta5")).code == 0);
  REQUIRE(run("streets", drawing(folder / "cityscapes", {"--layout", "cityscapes"})).code == 0);
  const Arguments arguments{"--source", folder / "gta5", "--target", folder / "cityscapes",
                            "--out",    folder / "out"};
  check_error(run("match_colours", arguments, 1000), 6, {"File too large"});
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);
}
