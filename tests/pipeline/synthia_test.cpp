#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include <ATen/ops/tensor.h>

#include <cag/data/label_tables.hpp>

#include "pipeline/protocols.hpp"

#include "catch.hpp"
#include "check_error.hpp"
#include "small_run.hpp"

using cag::test::Arguments;
using cag::test::check_error;
using cag::test::Outcome;
using cag::test::small;
using cag::test::TemporaryFolder;
using Catch::Contains;

namespace {

constexpr std::string_view kSynthia = "synthia_to_cityscapes";

cag::test::Ended run_synthia(const Arguments& arguments) {
  return cag::test::run(kSynthia, arguments);
}

void draw_synthia(const std::filesystem::path& folder) {
  streets::draw({.layout = streets::Layout::kSynthia,
                 .style = streets::simulator(),
                 .size = {.height = 48, .width = 64},
                 .images = 8,
                 .seed = 3,
                 .samples = 1},
                folder);
}

}  // namespace

TEST_CASE("synthia_to_cityscapes adapts and gives the target after every protocol", "[adapt]") {
  const TemporaryFolder folder;
  const auto source = folder / "synthia", out = folder / "run";
  draw_synthia(source);
  const auto checked = run_synthia({"check-data", "--config", small().config(), "--source", source,
                                    "--target", small().target()});
  INFO(checked.output << checked.errors);
  REQUIRE(checked.code == 0);
  const auto ended = run_synthia(small().adapt(out, source, small().target()));
  INFO(ended.output << ended.errors);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output, Contains("target, stage 2:") && Contains("target+bn, stage 2:") &&
                               Contains("the run's 9 categories") &&
                               Contains("9 of the 16 categories") &&
                               Contains("8 of the 13 categories") && Contains("known_truth"));

  const auto rows = Outcome::of(out).rows;
  const auto column = [&](const std::string& name) {
    const auto found = std::find(rows.front().begin(), rows.front().end(), name);
    REQUIRE(found != rows.front().end());
    return static_cast<std::size_t>(found - rows.front().begin());
  };
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto value = [&](const std::string& name) { return std::stod(rows[i][column(name)]); };
    for (const auto* protocol : {"subset", "known_truth", "sub_matrix"})
      CHECK(rows[i][column(std::string("miou_16_") + protocol)] == rows[i][column("miou")]);
    CHECK(value("miou_13_subset") <= value("miou_13_known_truth"));
    CHECK(value("miou_13_known_truth") <= value("miou_13_sub_matrix"));
  }

  const auto evaluated = run_synthia(
      {"evaluate", "--network", out / "networks/stage-2", "--target", small().target()});
  CHECK(evaluated.code == 0);
  CHECK_THAT(evaluated.output, Contains("8 of the 13 categories"));
}

TEST_CASE("synthia_to_cityscapes refuses labels that SYNTHIA does not store", "[bad_input]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "synthia/GT");
  std::filesystem::copy(small().source() / "images", folder / "synthia/RGB");
  std::filesystem::copy(small().source() / "labels", folder / "synthia/GT/LABELS");
  check_error(run_synthia(small().adapt(folder / "run", folder / "synthia", small().target())), 3,
              {"GT/LABELS/0000", "16 bits and 3 channels", "8 bits and 1"});
}

TEST_CASE("Without a configuration synthia_to_cityscapes has 16 categories", "[adapt]") {
  const TemporaryFolder folder;
  draw_synthia(folder / "synthia");
  const auto checked = run_synthia({"check-data", "--set", "run.batch=2", "--source",
                                    folder / "synthia", "--target", small().target()});
  INFO(checked.errors);
  CHECK_THAT(checked.output, Contains("16 ") && !Contains(" truck"));
}

TEST_CASE("The protocols of a run are over those categories of a subset that it has") {
  const pipeline::Protocols protocols({"road", "terrain", "wall"},
                                      {{"16", cag::label_table::synthia_16()},
                                       {"13", cag::label_table::synthia_13()},
                                       {"moon", {"crater"}}});
  CHECK(protocols.columns().size() == 9);
  CHECK(protocols.columns()[1] == "miou_16_known_truth");
  cag::ConfusionMatrix matrix(3);
  matrix.add(at::tensor({0, 0, 1, 2}), at::tensor({0, 1, 0, 2}));
  const auto values = protocols.values(matrix);
  CHECK(values[0] == Approx((1.0 / 3 + 1) / 2));  // road as it is, and wall
  CHECK(values[1] == Approx((1.0 / 2 + 1) / 2));  // the terrain taken for road does not count
  CHECK(values[2] == 1);                          // nor the road taken for terrain
  CHECK(values[3] == Approx(1.0 / 3));
  CHECK(std::isnan(values[6]));
  CHECK_THAT(protocols.table(0.5, values), Contains("2 of the 16 categories") && Contains("66.7") &&
                                               Contains("0 of the moon categories"));
  CHECK(pipeline::Protocols().columns().empty());
}
