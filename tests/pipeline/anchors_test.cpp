#include "pipeline/anchors.hpp"

#include <filesystem>
#include <string>

#include <cag/io/anchor_file.hpp>

#include "catch.hpp"
#include "check_error.hpp"
#include "small_run.hpp"
#include "tensors.hpp"

using namespace cag::test;
using Catch::Matchers::Contains;

namespace {

/// Of three categories on a line, the last never seen.
cag::AnchorFile on_a_line(double second = 4) {
  cag::AnchorFile file{.anchors = {doubles({0, second, 0}).view({3, 1}), ints({6, 2, 0})},
                       .categories = {"road", "sky", "train"},
                       .backbone = "0123456789abcdef",
                       .mean_of = "images"};
  file.anchors.moments = {ints({600, 200, 0}), file.anchors.vectors.clone(),
                          doubles({2.25, 0.25, 0}).view({3, 1})};
  return file;
}

Ended anchors(Arguments arguments) {
  arguments.insert(arguments.begin(), "anchors");
  return run(arguments);
}

}  // namespace

TEST_CASE("anchors inspect says how far apart the anchors are and how wide their categories") {
  const TemporaryFolder folder;
  on_a_line().save(folder / "a.safetensors");
  const auto ended = anchors({"inspect", folder / "a.safetensors"});
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output, Contains("3 anchors of 3 categories, width 1") &&
                               Contains("backbone 0123456789abcdef") &&
                               Contains("means of images"));
  CHECK_THAT(ended.output,
             Contains("road                     6     0.000     1.500     4.000  sky"));
  CHECK_THAT(ended.output,
             Contains("sky                      2     4.000     0.500     4.000  road"));
  CHECK_THAT(ended.output, Contains("train                 none\n"));
}

TEST_CASE("anchors diff says how far each anchor has moved") {
  const TemporaryFolder folder;
  on_a_line().save(folder / "a.safetensors");
  on_a_line(7).save(folder / "b.safetensors");
  const auto ended = anchors({"diff", folder / "a.safetensors", folder / "b.safetensors"});
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output,
             Contains("sky                      2         2     3.000     4.000     7.000"));
}

TEST_CASE("anchors merge makes the anchors of the whole source") {
  const TemporaryFolder folder;
  on_a_line().save(folder / "a.safetensors");
  on_a_line(7).save(folder / "b.safetensors");
  const auto out = folder / "whole.safetensors";
  const auto ended =
      anchors({"merge", folder / "a.safetensors", folder / "b.safetensors", "--out", out});
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output, Contains("16 observations"));
  const auto whole = cag::AnchorFile::load(out);
  CHECK(close(whole.anchors.vectors, doubles({0, 5.5, 0}).view({3, 1})));
  CHECK(same(whole.anchors.counts, ints({12, 4, 0})));
  CHECK(
      close(whole.anchors.moments->covariance, doubles({2.25, 0.25 + 1.5 * 1.5, 0}).view({3, 1})));
  check_error(anchors({"merge", folder / "a.safetensors", folder / "b.safetensors", "--out", out}),
              2, {"whole.safetensors", "exists"});
}

TEST_CASE("anchors names the file that is wrong and what it should be") {
  const TemporaryFolder folder;
  const auto a = folder / "a.safetensors", b = folder / "b.safetensors";
  on_a_line().save(a);
  auto other = on_a_line();
  other.backbone = "ffffffffffffffff";
  other.save(b);
  check_error(anchors({"merge", a, b, "--out", folder / "c"}), 2,
              {"b.safetensors", "same backbone", "ffffffffffffffff"});
  check_error(anchors({"merge", a, "--out", folder / "c"}), 2, {"at least 2 files", "got 1"});
  other.categories[0] = "rail";
  other.save(b);
  check_error(anchors({"diff", a, b}), 2, {"b.safetensors", "rail"});
  cag::write_safetensors(b, {{"weight", floats({1})}});
  check_error(anchors({"inspect", b}), 4, {"b.safetensors", "anchor file"});
  check_error(anchors({"inspect", folder / "none"}), 6, {"none"});
  check_error(anchors({}), 2, {"subcommand"});
  check_error(anchors({"merge", a, folder / "./a.safetensors", "--out", folder / "c"}), 2,
              {"./a.safetensors", "each part once", "the same file"});
  on_a_line(7).save(b);
  check_error(anchors({"merge", a, b, "--out", folder / "none/c"}), 6,
              {(folder / "none/c").string()});
  auto many = on_a_line();
  many.anchors.counts.fill_(std::int64_t{3} << 61);
  many.save(a);
  many.save(b);
  check_error(anchors({"merge", a, b, "--out", folder / "c"}), 2,
              {a.string(), b.string(), "counts overflow"});
  CHECK_FALSE(std::filesystem::exists(folder / "c"));

  const auto of_owners = [&](const at::Tensor& owner, const std::filesystem::path& path) {
    cag::AnchorFile file{.anchors = {doubles({1, 2, 3}).view({3, 1}), ints({1, 1, 1})},
                         .categories = {"road", "sky"}};
    file.anchors.owner = owner;
    file.save(path);
  };
  of_owners(ints({0, 0, 1}), a);
  of_owners(ints({0, 1, 1}), b);
  check_error(anchors({"diff", a, b}), 2, {"road, road, sky", "road, sky, sky"});
}
