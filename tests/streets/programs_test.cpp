#include <filesystem>

#include "common/folders.hpp"

#include "catch.hpp"
#include "check_error.hpp"
#include "data/temporary_folder.hpp"
#include "program.hpp"
#include "streets/drawing.hpp"

namespace fs = std::filesystem;
using cag::test::check_error;
using cag::test::drawing;
using cag::test::run;
using cag::test::TemporaryFolder;
using Catch::Contains;

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
  check_error(run("streets", {"--out", out, "--width", "8"}), 2,
              {"width", "32 to 8192", "got \"8\""});
  check_error(run("streets", drawing(out), 1000), 6, {"cannot write", "images", "File too large"});
  CHECK(fs::is_empty(folder.path()));

  fs::create_directories(out);
  check_error(run("streets", drawing(out)), 2, {out.string(), "expected a new folder"});
  CHECK(fs::is_empty(out));
}

TEST_CASE("streets takes numbers as they are written, or refuses them") {
  const TemporaryFolder folder;
  for (const auto* seed : {"-1", "", "010", "1e3", "99999999999999999999999"})
    check_error(run("streets", drawing(folder / "data", {"--seed", seed})), 2,
                {"--seed", "a whole number from 0", std::string("got \"") + seed + "\""});
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("streets refuses a folder that is not whole or is of other values, and says why") {
  const TemporaryFolder folder;
  const auto out = folder / "data";
  REQUIRE(run("streets", drawing(out)).code == 0);
  check_error(run("streets", drawing(out, {"--seed", "7"})), 2,
              {"found another data set", "seed 0", "in place of seed 7"});
  fs::remove(out / "labels/00002.png");
  check_error(run("streets", drawing(out)), 3, {out.string(), "labels/00002.png"});
  cag::test::write_file(out / "streets.txt", std::string(5000, 'x'));
  check_error(run("streets", drawing(out)), 2, {"found something else"});
  fs::remove(out / "streets.txt");
  fs::create_symlink("nowhere", folder / "link");
  check_error(run("streets", drawing(folder / "link")), 2, {"found something else"});
}

TEST_CASE("Two processes do not make the same folder") {
  const TemporaryFolder folder;
  const auto out = folder / "data", left = folder / ".tmp-cag-data-1-0";
  fs::create_directories(left / "images");
  {
    const common::FolderLock other(left);
    check_error(run("streets", drawing(out)), 2, {out.string(), "another process", "-1-0"});
    CHECK(fs::exists(left / "images"));
  }
  CHECK(run("streets", drawing(out)).code == 0);  // the other one was killed
  CHECK_FALSE(fs::exists(left));
}
