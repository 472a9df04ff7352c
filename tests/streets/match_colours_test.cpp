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
#include "streets/drawing.hpp"

namespace fs = std::filesystem;
using cag::test::Arguments;
using cag::test::check_error;
using cag::test::drawing;
using cag::test::run;
using cag::test::TemporaryFolder;

namespace {

at::Tensor image(const std::vector<std::int64_t>& red) {
  const auto values = at::tensor(red, at::kByte);
  return at::stack({values, values.mul(0), values.mul(0).add(7)}, 1)
      .view({1, static_cast<std::int64_t>(red.size()), 3});
}

}  // namespace

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

  check_error(run("match_colours", arguments), 2,
              {out.string(), "expected a new folder", "found a folder"});
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
