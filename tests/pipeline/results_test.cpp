#include "pipeline/results.hpp"

#include <sys/stat.h>

#include <cmath>

#include <cag/error.hpp>

#include "data/temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::test::read_file;
using cag::test::TemporaryFolder;
using cag::test::write_file;
using Catch::Contains;
using pipeline::ResultRow;
using pipeline::Results;

namespace {

const std::vector<std::string> kCategories{"road", "traffic light"};

const std::string kHeader =
    "stage,step,domain,miou,iou_road,iou_traffic_light,label_coverage,label_precision,"
    "intra_distance,inter_distance,seconds,peak_mib\n";

ResultRow row(std::int64_t stage, std::int64_t step, const std::string& domain, double miou) {
  return {.stage = stage,
          .step = step,
          .domain = domain,
          .miou = miou,
          .iou = {miou, NAN},
          .label_coverage = 0.5,
          .label_precision = 0.75,
          .intra_distance = 2,
          .inter_distance = 4.25,
          .seconds = 12.34,
          .peak_mib = 100};
}

}  // namespace

TEST_CASE("results.csv has a header of fixed columns and a line per evaluation") {
  const TemporaryFolder folder;
  Results results(folder / "results.csv", kCategories);
  CHECK_FALSE(std::filesystem::exists(folder / "results.csv"));
  results.put(row(1, 20, "target+bn", 0.25));
  CHECK(read_file(folder / "results.csv") ==
        kHeader +
            "1,20,target+bn,0.250000,0.250000,nan,0.500000,0.750000,2.0000,4.2500,12.3,100\n");
}

TEST_CASE("A row takes the place of one of the same stage, step and domain") {
  const TemporaryFolder folder;
  Results results(folder / "results.csv", kCategories);
  results.put(row(0, 10, "target", 0.1));
  results.put(row(0, 10, "source", 0.2));
  results.put(row(0, 20, "target", 0.3));
  results.put(row(0, 10, "target", 0.4));
  REQUIRE(results.rows().size() == 3);
  CHECK(results.rows()[0].domain == "source");
  CHECK(results.rows()[1].domain == "target");
  CHECK(results.rows()[1].miou == 0.4);
  CHECK(results.rows()[2].step == 20);
}

TEST_CASE("Rows stand in the order of stage and step, whenever they came") {
  const TemporaryFolder folder;
  Results results(folder / "results.csv", kCategories);
  results.put(row(1, 5, "target", 0.1));
  results.put(row(0, 90, "target", 0.2));
  results.put(row(1, 3, "target", 0.3));
  std::vector<double> order;
  for (const auto& r : results.rows()) order.push_back(r.miou);
  CHECK(order == std::vector<double>{0.2, 0.3, 0.1});
}

TEST_CASE("A resumed run reads the rows that are there and adds to them") {
  const TemporaryFolder folder;
  Results(folder / "results.csv", kCategories).put(row(0, 10, "source", 0.5));
  const auto before = read_file(folder / "results.csv");
  Results again(folder / "results.csv", kCategories);
  REQUIRE(again.rows().size() == 1);
  const auto& r = again.rows().front();
  CHECK(r.stage == 0);
  CHECK(r.step == 10);
  CHECK(r.domain == "source");
  CHECK(r.miou == 0.5);
  REQUIRE(r.iou.size() == 2);
  CHECK(r.iou[0] == 0.5);
  CHECK(std::isnan(r.iou[1]));
  CHECK(r.label_precision == 0.75);
  CHECK(r.inter_distance == 4.25);
  CHECK(r.seconds == Approx(12.3));
  CHECK(r.peak_mib == 100);
  again.put(row(0, 20, "source", 0.5));
  CHECK(read_file(folder / "results.csv").starts_with(before));
}

TEST_CASE("A results file of other categories or with damage is refused by line") {
  const TemporaryFolder folder;
  const auto file = folder / "results.csv";
  const std::string good = "0,1,source,0.1,0.1,0.1,0.1,0.1,1,1,1,1\n";
  const auto open = [&](const std::string& text) {
    write_file(file, text);
    Results(file, kCategories);
  };
  CHECK_NOTHROW(open(kHeader + good));
  CHECK_THROWS_AS(open("stage,step\n"), cag::DataError);
  CHECK_THROWS_WITH(open("stage,step\n"), Contains("expected the columns stage,step,domain") &&
                                              Contains("got stage,step"));
  CHECK_THROWS_AS(open(""), cag::DataError);
  CHECK_THROWS_WITH(open(kHeader + good + "0,2,source,0.1\n"),
                    Contains("results.csv:3: expected 12 fields, got 4"));
  CHECK_THROWS_WITH(open(kHeader + "0,x1,source,0.1,0.1,0.1,0.1,0.1,1,1,1,1\n"),
                    Contains("results.csv:2: expected a count of at least 0, got x1"));
  CHECK_THROWS_WITH(open(kHeader + "0,1,source,0.1z,0.1,0.1,0.1,0.1,1,1,1,1\n"),
                    Contains("expected a number, got 0.1z"));
}

TEST_CASE("A pipe is no results file, and is not waited for") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "results.csv").c_str(), 0600) == 0);
  CHECK_THROWS_AS(Results(folder / "results.csv", kCategories), cag::IoError);
}

TEST_CASE("The summary shows the last evaluation of each stage in percent") {
  const TemporaryFolder folder;
  Results results(folder / "results.csv", kCategories);
  results.put(row(0, 10, "target+bn", 0.111));
  results.put(row(0, 20, "target+bn", 0.222));
  results.put(row(1, 5, "source", 0.333));
  const auto summary = results.summary();
  CHECK_THAT(summary, Contains("warm-up") && Contains("22.2") && Contains("33.3") &&
                          Contains("75.0") && Contains("4.25"));
  CHECK_THAT(summary, !Contains("11.1"));
}

TEST_CASE("The peak memory of a process is more than it takes to load LibTorch") {
  CHECK(pipeline::peak_mib() > 1);
}
