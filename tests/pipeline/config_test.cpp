#include "pipeline/config.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include <cag/error.hpp>

#include "data/temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::test::TemporaryFolder;
using Catch::Contains;
using Catch::EndsWith;
using pipeline::Config;
using pipeline::read_config;

namespace {

Config read(const std::string& text) {
  const TemporaryFolder folder;
  cag::test::write_file(folder / "run.toml", text);
  return read_config(folder / "run.toml");
}

Config with(const std::string& assignment) {
  Config config;
  pipeline::override_value(config, assignment);
  return config;
}

}  // namespace

TEST_CASE("A configuration file changes the values it names and no others") {
  const auto config = read(
      "[data]\nsource = \"a b/day\"\ncategories = [\"road\", \"car\"]\nmean = [0.5, 0, 1]\n"
      "[warm_up]\niterations = 7\nlearning_rate = 1\n"
      "[stages]\nlearning_rate = 0.02\nmethod = \"control\"\n[loss]\nclass_weights = \"none\"\n");
  CHECK(config.data.source == "a b/day");
  CHECK(config.data.categories == std::vector<std::string>{"road", "car"});
  CHECK(config.data.mean == std::vector<double>{0.5, 0, 1});
  CHECK(config.warm_up.iterations == 7);
  CHECK(config.warm_up.optimization.learning_rate == 1.0);
  CHECK(config.stages.optimization.learning_rate == 0.02);
  CHECK(config.stages.method == "control");
  CHECK(config.stages.iterations == Config{}.stages.iterations);
  CHECK(config.augmentation.crop_width == 896);
}

TEST_CASE("A configuration is read over the one given") {
  const TemporaryFolder folder;
  cag::test::write_file(folder / "run.toml", "run.seed = 3\n");
  Config base;
  base.run.batch = 9;
  const auto config = read_config(folder / "run.toml", base);
  CHECK(config.run.seed == 3);
  CHECK(config.run.batch == 9);
}

TEST_CASE("Every value of a configuration survives writing and reading") {
  Config config;
  config.data.source = "quote\"s and \\ back";
  config.data.categories = {"traffic light", "sky"};
  config.data.deviation = {0.1, 1.0 / 3, 1e-300};
  config.augmentation.flip = 0;
  config.augmentation.crop_width = 12;
  config.network.name = "compact";
  config.class_weights = "inverse_root";
  config.warm_up.optimization.learning_rate = 1e-7;
  config.warm_up.optimization.max_iterations = 11;
  config.stages.iterations = 240;
  config.stages.margin = 2;
  config.stages.optimization.momentum = 0.1 + 0.2;
  config.run.seed = std::numeric_limits<std::int64_t>::max();
  config.run.device = "cuda:1";
  const auto text = pipeline::to_toml(config);
  const auto again = read(text);
  CHECK(pipeline::to_toml(again) == text);
  CHECK(again.data.source == config.data.source);
  CHECK(again.data.categories == config.data.categories);
  CHECK(again.data.deviation == config.data.deviation);
  CHECK(again.class_weights == "inverse_root");
  CHECK(again.warm_up.optimization.learning_rate == 1e-7);
  CHECK(again.warm_up.optimization.max_iterations == 11);
  CHECK(again.stages.optimization.momentum == config.stages.optimization.momentum);
  CHECK(again.stages.margin == 2.0);
  CHECK(again.run.seed == config.run.seed);
  CHECK(pipeline::to_toml(read("")) == pipeline::to_toml(Config{}));
}

TEST_CASE("docs/configuration.md lists every key with its default") {
  const auto page = cag::test::read_file(std::filesystem::path(std::getenv("CAG_TESTS")) /
                                         "../docs/configuration.md");
  const std::regex row(R"(\| `(\w+\.\w+)` \| `([^`]*)` \|)");
  std::string listed;
  std::set<std::string> keys;
  for (std::sregex_iterator match(page.begin(), page.end(), row), end; match != end; ++match) {
    listed += fmt::format("{} = {}\n", match->str(1), match->str(2));
    keys.insert(match->str(1));
  }
  CHECK(pipeline::to_toml(pipeline::parse_config(listed, "docs/configuration.md")) ==
        pipeline::to_toml(Config{}));
  std::istringstream all(pipeline::to_toml(Config{}));
  std::string section;
  for (std::string line; std::getline(all, line);) {
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1);
    const auto equals = line.find(" = ");
    if (equals != std::string::npos) CHECK(keys.contains(section + "." + line.substr(0, equals)));
  }
}

TEST_CASE("An unknown key is answered with file, line and the nearest known key") {
  CHECK_THROWS_AS(read("[run]\n\nsede = 3\n"), cag::UsageError);
  CHECK_THROWS_WITH(read("[run]\n\nsede = 3\n"),
                    Contains("run.toml:3: unknown key run.sede: did you mean run.seed?"));
  CHECK_THROWS_WITH(read("[stage]\nmargin = 2.0\n"), Contains("did you mean stages.margin?"));
  CHECK_THROWS_WITH(read("seed = 1\n"), Contains("unknown key seed"));
  CHECK_THROWS_WITH(read("[stagse]\n"), EndsWith("unknown section stagse: did you mean stages?"));
  for (const auto* far : {"[foo]\nx = 1\n", "[foo]\n", "colour = 1\n"})
    CHECK_THROWS_WITH(read(far), !Contains("did you mean"));
  CHECK_THROWS_WITH(read("stages = 3\n"), Contains("unknown key stages"));
}

TEST_CASE("A value of the wrong type is answered with what was expected and what was found") {
  CHECK_THROWS_AS(read("[run]\nseed = \"x\"\n"), cag::UsageError);
  CHECK_THROWS_WITH(read("[run]\nseed = \"x\"\n"),
                    Contains("run.toml:2: run.seed: expected an integer, got") && Contains("x"));
  CHECK_THROWS_WITH(read("[run]\nbatch = 4.0\n"),
                    Contains("run.batch: expected an integer, got 4"));
  CHECK_THROWS_WITH(read("[stages]\nmargin = true\n"), Contains("expected a number, got true"));
  CHECK_THROWS_WITH(read("[data]\nsource = 3\n"), Contains("expected a string, got 3"));
  CHECK_THROWS_WITH(read("[data]\nmean = 0.5\n"), Contains("expected a list of numbers, got 0.5"));
  CHECK_THROWS_WITH(read("[data]\nmean = [\"a\"]\n"), Contains("expected a list of numbers"));
  CHECK_THROWS_WITH(read("[data]\ncategories = [1]\n"), Contains("expected a list of strings"));
}

TEST_CASE("Text that is no TOML is answered with file, line and column") {
  CHECK_THROWS_AS(read("[run\n"), cag::UsageError);
  CHECK_THROWS_WITH(read("[run]\nseed = = 3\n"), Contains("run.toml:2:"));
  CHECK_THROWS_WITH(read("[run]\nseed = 1\nseed = 2\n"), Contains("run.toml:3:"));
  CHECK_THROWS_WITH(read_config("/nowhere/run.toml"), Contains("/nowhere/run.toml"));
  CHECK_THROWS_AS(read_config("/nowhere/run.toml"), cag::UsageError);
}

TEST_CASE("A pipe is no configuration file, and is not waited for") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe.toml").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_config(folder / "pipe.toml"), Contains("pipe.toml: expected a file"));
}

TEST_CASE("The command line sets single values") {
  CHECK(with("run.seed=12").run.seed == 12);
  CHECK(with("stages.margin=3").stages.margin == 3.0);
  CHECK(with("data.source=/a/b=c d").data.source == "/a/b=c d");
  CHECK(with("network.name=compact").network.name == "compact");
  CHECK(with("network.name=\"compact\"").network.name == "compact");
  CHECK(with("data.categories=[\"sky\"]").data.categories == std::vector<std::string>{"sky"});
  CHECK_THROWS_AS(with("run.seed"), cag::UsageError);
  CHECK_THROWS_WITH(with("run.seed"), Contains("expected section.key=value, got run.seed"));
  CHECK_THROWS_WITH(with("=3"), Contains("expected section.key=value"));
  CHECK_THROWS_WITH(with("run.sead=3"), EndsWith("did you mean run.seed?"));
  CHECK_THROWS_WITH(with("run.seed=abc"),
                    Contains("command line: run.seed: expected an integer") && Contains("abc"));
}

TEST_CASE("The default configuration is in range, and each value out of range is named") {
  CHECK_NOTHROW(pipeline::check(Config{}));
  const auto assignment = GENERATE(
      as<std::string>{}, "data.holdout_every=1", "data.cache_mib=-1", "data.workers=65",
      "data.mean=[0, 0]", "data.mean=[0, 0, nan]", "data.deviation=[1, 1, 0]",
      "augmentation.source_width=16385", "augmentation.crop_width=-1", "augmentation.ratio_low=0",
      "augmentation.ratio_low=1.6", "augmentation.flip=1.01", "augmentation.brightness=1",
      "augmentation.contrast=-0.1", "network.name=unet", "network.depth=20",
      "network.output_stride=12", "loss.class_weights=some", "warm_up.iterations=-1",
      "warm_up.learning_rate=0", "stages.momentum=1", "stages.weight_decay=nan",
      "stages.max_iterations=-1", "stages.count=-1", "stages.method=magic", "stages.profile=other",
      "stages.labels=all", "stages.teacher=good", "stages.margin=-1", "stages.margin=inf",
      "stages.probability=1", "stages.anchor_weight=-1", "stages.anchor_every=0", "run.seed=-1",
      "run.threads=1025", "run.batch=0", "run.batch=1", "run.evaluation_batch=0",
      "run.evaluation_batch=1", "run.save_every=0", "run.evaluate_every=-1", "run.micro_batches=0",
      "run.micro_batches=3", "run.micro_batches=4");
  INFO(assignment);
  const auto key = assignment.substr(0, assignment.find('='));
  const auto config = with(assignment);
  CHECK_THROWS_AS(pipeline::check(config), cag::UsageError);
  CHECK_THROWS_WITH(pipeline::check(config), Contains(key) && Contains("expected"));
}

TEST_CASE("A size needs both its sides") {
  for (const std::string size : {"source", "target", "crop"}) {
    INFO(size);
    CHECK_THROWS_WITH(pipeline::check(with("augmentation." + size + "_width=0")),
                      Contains("augmentation." + size + "_height: expected both sizes or none"));
    auto none = with("augmentation." + size + "_width=0");
    pipeline::override_value(none, "augmentation." + size + "_height=0");
    if (size == "crop") {
      CHECK_THROWS_WITH(pipeline::check(none), Contains("augmentation.base_width: expected 0"));
      none.augmentation.base_width = 0;
    }
    CHECK_NOTHROW(pipeline::check(none));
  }
}
