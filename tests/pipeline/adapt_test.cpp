#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "catch.hpp"
#include "program.hpp"
#include "small_run.hpp"

namespace fs = std::filesystem;
using cag::test::Arguments;
using cag::test::kProgram;
using cag::test::Outcome;
using cag::test::Program;
using cag::test::run;
using cag::test::small;
using Catch::Contains;

namespace {

/// A run that nothing disturbed.
struct Undisturbed {
  fs::path directory = small() / "undisturbed";
  cag::test::Ended ended = run(small().adapt(directory));
  Outcome outcome = Outcome::of(directory);

  static const Undisturbed& get() {
    static const Undisturbed undisturbed;
    return undisturbed;
  }
};

/// Same networks and evaluations, with a word on what differs.
void check_same(const Outcome& actual, const Outcome& expected) {
  REQUIRE(actual.networks.size() == expected.networks.size());
  for (const auto& [file, bytes] : expected.networks) {
    INFO(file);
    REQUIRE(actual.networks.contains(file));
    CHECK((actual.networks.at(file) == bytes));
  }
  REQUIRE(actual.rows.size() == expected.rows.size());
  for (std::size_t i = 0; i < expected.rows.size(); ++i) {
    INFO("line " << i + 1 << " of results.csv");
    REQUIRE(actual.rows[i].size() == expected.rows[i].size());
    for (std::size_t k = 0; k < expected.rows[i].size(); ++k)
      CHECK(actual.rows[i][k] == expected.rows[i][k]);
  }
}

/// The newest checkpoint of a run, -1 where there is none.
std::int64_t newest_checkpoint(const fs::path& directory) {
  std::int64_t newest = -1;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(directory / "checkpoints", absent)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("step-"))
      newest = std::max<std::int64_t>(newest, std::stoll(name.substr(5)));
  }
  return newest;
}

bool is_saving(const fs::path& directory) {
  std::error_code absent;
  const fs::directory_iterator entries(directory / "checkpoints", absent);
  return std::any_of(begin(entries), end(entries), [](const auto& entry) {
    return entry.path().filename().string().starts_with(".tmp-");
  });
}

std::string cell(const Outcome& outcome, const std::string& stage, const std::string& domain,
                 const std::string& column) {
  const auto& header = outcome.rows.front();
  const auto at = std::find(header.begin(), header.end(), column) - header.begin();
  for (const auto& row : outcome.rows)
    if (row[0] == stage && row[2] == domain) return row[static_cast<std::size_t>(at)];
  return "no row";
}

}  // namespace

TEST_CASE("adapt writes its configuration, evaluations, networks and checkpoints", "[adapt]") {
  const auto& [directory, ended, outcome] = Undisturbed::get();
  INFO(ended.errors);
  REQUIRE(ended.code == 0);
  CHECK(ended.errors.empty());
  CHECK_THAT(ended.output, Contains("target+bn") && Contains("results.csv"));
  CHECK(fs::exists(directory / "config.toml"));
  CHECK(newest_checkpoint(directory) == 4 + 2 * 3 + 3);

  std::string line;
  std::ifstream results(directory / "results.csv");
  std::getline(results, line);
  CHECK(line ==
        "stage,step,domain,miou,iou_road,iou_sidewalk,iou_building,iou_pole,iou_traffic_sign,"
        "iou_vegetation,iou_sky,iou_person,iou_car,label_coverage,label_precision,intra_distance,"
        "inter_distance,seconds,peak_mib");
  std::vector<std::string> rows;
  for (std::size_t i = 1; i < outcome.rows.size(); ++i)
    rows.push_back(
        fmt::format("{} {} {}", outcome.rows[i][0], outcome.rows[i][1], outcome.rows[i][2]));
  std::vector<std::string> expected;
  for (const auto* stage : {"0 4", "1 3", "2 3"})
    for (const auto* domain : {"source", "target", "source+bn", "target+bn"})
      expected.push_back(fmt::format("{} {}", stage, domain));
  CHECK((rows == expected));
  CHECK(std::stod(cell(outcome, "2", "target+bn", "label_coverage")) > 0);
  for (const auto* file :
       {"stage-0/network.safetensors", "stage-1/network.safetensors", "stage-2/network.safetensors",
        "anchors-1.safetensors", "anchors-2.safetensors"}) {
    INFO(file);
    CHECK(outcome.networks.contains(file));
  }
  CHECK((outcome.networks.at("stage-1/network.safetensors") !=
         outcome.networks.at("stage-2/network.safetensors")));
}

TEST_CASE("a run's own configuration gives the same run again", "[adapt]") {
  const auto& first = Undisturbed::get();
  const auto again = small() / "again";
  REQUIRE(run({"adapt", "--config", first.directory / "config.toml", "--out", again}).code == 0);
  check_same(Outcome::of(again), first.outcome);
  CHECK(cag::test::read_file(again / "config.toml") ==
        cag::test::read_file(first.directory / "config.toml"));

  const auto other = small() / "other_seed";
  REQUIRE(run(small().adapt(other, {"--seed", "12", "--set", "stages.count=0"})).code == 0);
  CHECK((Outcome::of(other).networks.at("stage-0/network.safetensors") !=
         first.outcome.networks.at("stage-0/network.safetensors")));
}

TEST_CASE("the number of workers does not change a run", "[adapt]") {
  const auto directory = small() / "workers";
  REQUIRE(run(small().adapt(directory, {"--set", "data.workers=2"})).code == 0);
  check_same(Outcome::of(directory), Undisturbed::get().outcome);
}

TEST_CASE("a run killed at any place goes on to the same end", "[adapt]") {
  static int count = 0;
  const auto directory = small() / fmt::format("killed_{}", count++);
  std::function<bool()> there;
  const auto at_checkpoint = [&](std::int64_t number) {
    return [&directory, number] { return newest_checkpoint(directory) >= number; };
  };
  SECTION("in the warm-up") { there = at_checkpoint(2); }
  SECTION("while saving") {
    there = [&] { return newest_checkpoint(directory) >= 1 && is_saving(directory); };
  }
  SECTION("between stages, before the boundary is saved") {
    there = [&] { return fs::exists(directory / "networks" / "stage-0"); };
  }
  SECTION("between stages, after it") { there = at_checkpoint(5); }
  SECTION("in a stage") { there = at_checkpoint(6); }
  SECTION("twice") {
    Program early(kProgram, small().adapt(directory));
    REQUIRE(early.runs_until(at_checkpoint(1)));
    early.send(SIGKILL);
    REQUIRE(early.wait().code == 128 + SIGKILL);
    there = at_checkpoint(10);
  }

  const auto arguments =
      fs::exists(directory) ? Arguments{"adapt", "--resume", directory} : small().adapt(directory);
  Program program(kProgram, arguments);
  REQUIRE(program.runs_until(there));
  program.send(SIGKILL);
  REQUIRE(program.wait().code == 128 + SIGKILL);

  const auto resumed = run({"adapt", "--resume", directory});
  INFO(resumed.errors);
  REQUIRE(resumed.code == 0);
  CHECK_THAT(resumed.output, Contains("resuming at stage"));
  check_same(Outcome::of(directory), Undisturbed::get().outcome);
}

TEST_CASE("a run asked to stop saves, says how to go on and ends by the signal's code", "[adapt]") {
  const auto [signal, number] = GENERATE(std::pair(SIGTERM, 2), std::pair(SIGINT, 6));
  const auto directory = small() / fmt::format("stopped_{}", signal);
  Program program(kProgram, small().adapt(directory, {"--set", "run.save_every=1"}));
  REQUIRE(program.runs_until([&] { return newest_checkpoint(directory) >= number; }));

  // One run directory has one writer, which the other is told of.
  program.send(SIGSTOP);
  const auto second = run({"adapt", "--resume", directory});
  CHECK(second.code == 2);
  CHECK_THAT(second.errors, Contains(fmt::format("is in use by process {} on", program.id())));
  program.send(SIGCONT);

  program.send(signal);
  const auto stopped = program.wait();
  INFO(stopped.errors);
  CHECK(stopped.code == 128 + signal);
  CHECK_THAT(stopped.output, Contains("adapt --resume " + directory.string()));
  REQUIRE(run({"adapt", "--resume", directory}).code == 0);
  check_same(Outcome::of(directory), Undisturbed::get().outcome);
}

TEST_CASE("adapt does not look at the target's labels", "[adapt]") {
  const auto target = small() / "unlabelled";
  fs::copy(small().target(), target, fs::copy_options::recursive);
  fs::remove_all(target / "gtFine");
  const auto directory = small() / "without_labels";
  const auto ended = run(small().adapt(directory, small().source(), target));
  INFO(ended.errors);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output, Contains("the target is not evaluated"));
  auto expected = Undisturbed::get().outcome;
  std::erase_if(expected.rows, [](const auto& row) { return row[2].starts_with("target"); });
  check_same(Outcome::of(directory), expected);
}

TEST_CASE("stages from a saved warm-up are those of the whole run", "[adapt]") {
  const auto& whole = Undisturbed::get();
  const auto directory = small() / "from";
  REQUIRE(
      run(small().adapt(directory, {"--from", whole.directory / "networks" / "stage-0"})).code ==
      0);
  CHECK_THAT(cag::test::read_file(directory / "config.toml"),
             Contains("start = '" + (whole.directory / "networks" / "stage-0").string()));
  auto expected = whole.outcome;
  for (auto& row : expected.rows)
    if (row[0] == "0") row[1] = "0";  // no step of a warm-up was made
  check_same(Outcome::of(directory), expected);
}

TEST_CASE("every method, profile and label rule runs to its end", "[adapt]") {
  const auto choice =
      GENERATE(Arguments{"stages.method=\"control\""}, Arguments{"stages.method=\"oracle\""},
               Arguments{"stages.profile=\"published_code\"", "stages.labels=\"margin\""},
               Arguments{"stages.profile=\"paper\"", "stages.labels=\"probability\""},
               Arguments{"stages.labels=\"agreement\"", "stages.teacher=\"as_trained\""});
  static int count = 0;
  const auto directory = small() / fmt::format("choice_{}", count++);
  Arguments more{"--from", Undisturbed::get().directory / "networks" / "stage-0", "--set",
                 "stages.count=1"};
  for (const auto& value : choice) {
    more.insert(more.end(), {"--set", value});
    INFO(value);
  }
  const auto ended = run(small().adapt(directory, more));
  INFO(choice.front() << "\n" << ended.errors);
  REQUIRE(ended.code == 0);
  const auto outcome = Outcome::of(directory);
  REQUIRE(outcome.rows.size() == 1 + 4 + 4);  // the header, then both stages
  const auto& usual = Undisturbed::get().outcome.networks;
  CHECK((outcome.networks.at("stage-1/network.safetensors") !=
         usual.at("stage-1/network.safetensors")));
}

TEST_CASE("evaluate finds what the run found", "[adapt]") {
  const auto& whole = Undisturbed::get();
  const auto [domain, more] = GENERATE(std::pair("target", Arguments{}),
                                       std::pair("target+bn", Arguments{"--statistics", "train"}));
  for (const auto* stage : {"0", "2"}) {
    Arguments arguments{"evaluate", "--network",
                        whole.directory / "networks" / (std::string("stage-") + stage), "--target",
                        small().target()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto ended = run(arguments);
    INFO(domain << " of stage " << stage << "\n" << ended.errors);
    REQUIRE(ended.code == 0);
    const auto miou = std::stod(cell(whole.outcome, stage, domain, "miou"));
    CHECK_THAT(ended.output, Contains(fmt::format("mIoU            {:>7.2f} ", 100 * miou)));
    const auto car = std::stod(cell(whole.outcome, stage, domain, "iou_car"));
    CHECK_THAT(ended.output, Contains(fmt::format("{:<16}{:>7.2f}\n", "car", 100 * car)));
  }
}
