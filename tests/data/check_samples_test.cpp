#include <cag/data/check_samples.hpp>

#include <cag/data/gta5.hpp>
#include "example_data.hpp"
#include "temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using Catch::Contains;

TEST_CASE("Checking samples reports every file that cannot be used") {
  cag::test::TemporaryFolder root;
  for (const char* name : {"1.png", "2.png", "3.png"}) {
    cag::test::put_image(root / "images" / name);
    cag::test::put_label(root / "labels" / name);
  }
  const cag::data::Gta5 gta5(root.path());
  CHECK_NOTHROW(cag::check_samples(gta5, "gta5"));
  cag::test::put_label(root / "labels/1.png", 200);
  cag::test::write_file(root / "images/3.png", "");
  CHECK_THROWS_WITH(cag::check_samples(gta5, "gta5"), Contains("gta5: 2 problems") &&
                                                          Contains("labels/1.png: label ids") &&
                                                          Contains("images/3.png: truncated"));
  CHECK_THROWS_AS(cag::check_samples(gta5, "gta5"), cag::DataError);
}
