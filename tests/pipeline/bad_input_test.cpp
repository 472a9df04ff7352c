#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <fmt/format.h>

#include <ATen/ops/full.h>

#include <cag/data/gta5.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/data/png.hpp>

#include "pipeline/adapt.hpp"
#include "pipeline/cityscapes_target.hpp"

#include "catch.hpp"
#include "check_error.hpp"
#include "program.hpp"
#include "small_run.hpp"

namespace fs = std::filesystem;
using cag::test::Arguments;
using cag::test::check_error;
using cag::test::Ended;
using cag::test::Outcome;
using cag::test::run;
using cag::test::small;
using Catch::Contains;

namespace {

fs::path new_path() {
  static int count = 0;
  return small() / fmt::format("new_{}", count++);
}

/// One run of four steps that ended well.
const fs::path& finished() {
  static const fs::path directory = [] {
    const auto path = new_path();
    const auto ended = run(small().adapt(path, {"--set", "warm_up.iterations=2", "--set",
                                                "stages.count=1", "--set", "stages.iterations=2"}));
    REQUIRE(ended.code == 0);
    return path;
  }();
  return directory;
}

fs::path copy_of(const fs::path& folder) {
  const auto copy = new_path();
  fs::copy(folder, copy, fs::copy_options::recursive);
  return copy;
}

/// The error of a run that must not begin: neither a run nor a part of one is left.
void check_refused(const Arguments& arguments, const fs::path& out, int code,
                   const Arguments& words) {
  check_error(run(arguments), code, words);
  CHECK_FALSE(fs::exists(out));
}

/// The sets of data with something wrong, in place of those of small().
struct Broken {
  fs::path root = copy_of(small().data());
  fs::path source = root / "gta5", target = root / "cityscapes";
  fs::path image = source / "images/00003.png", label = source / "labels/00003.png";
  fs::path target_image =
      target / "leftImg8bit/train/streets/streets_000000_000002_leftImg8bit.png";

  Arguments adapt(const fs::path& out, const Arguments& more = {}) const {
    return small().adapt(out, source, target, more);
  }
};

}  // namespace

TEST_CASE("a value that the configuration cannot have is refused by its key", "[bad_input]") {
  struct Case {
    std::string set;
    Arguments words;
  };
  const auto [set, words] = GENERATE(
      Case{"run.sede=1", {"run.sede", "did you mean run.seed?"}},
      Case{"run.batch=\"four\"", {"run.batch", "an integer", "four"}},
      Case{"stages.margin=-1", {"stages.margin", ">= 0", "-1"}},
      Case{"stages.margin=nan", {"stages.margin", "finite", "nan"}},
      Case{"stages.probability=1.5", {"stages.probability", "probability < 1", "1.5"}},
      Case{"warm_up.learning_rate=0", {"warm_up.learning_rate", "above 0", "got 0"}},
      Case{"stages.learning_rate=inf", {"stages.learning_rate", "finite", "inf"}},
      Case{"stages.labels=\"none\"", {"stages.labels", "agreement", "none"}},
      Case{"data.categories=[\"road\", \"rode\"]", {"data.categories", "sidewalk", "rode"}},
      Case{"data.categories=[\"road\"]", {"data.categories", "2 names", "got 1"}},
      Case{"data.categories=[\"road\", \"sky\", \"road\"]", {"data.categories", "once", "road"}},
      Case{"run.device=\"gpu3\"", {"device", "cuda:N", "gpu3"}},
      Case{"run.seed", {"section.key=value", "run.seed"}},
      Case{"stages.iterations=9223372036854775807", {"stages.iterations", "10^9"}},
      Case{"warm_up.learning_rate=1e39", {"warm_up.learning_rate", "10^38"}},
      Case{"run.evaluation_batch=9223372036854775807", {"run.evaluation_batch", "4096"}},
      Case{"run.batch=2\nrun.seed=99", {"run.batch", "one value"}});
  const auto out = new_path();
  check_refused(small().adapt(out, {"--set", set}), out, 2, words);
}

TEST_CASE("a command line that makes no sense is refused", "[bad_input]") {
  const auto out = new_path();
  for (const auto* device : {"cuda:99", "cuda:256", "cuda:-1", "cuda:", "mps"})
    check_refused(small().adapt(out, {"--device", device}), out, 2, {"device", device});
  const auto file = small() / "bad.toml";
  cag::test::write_file(file, "[run]\nbatch = 4\nseed = 1.5\n");
  check_refused({"adapt", "--config", file, "--out", out}, out, 2,
                {file.string() + ":3", "run.seed", "an integer", "1.5"});
  cag::test::write_file(file, "[run\n");
  check_refused({"adapt", "--config", file, "--out", out}, out, 2, {file.string() + ":1"});
  check_refused({"adapt", "--config", small() / "none.toml", "--out", out}, out, 2, {"none.toml"});
  for (const auto& [option, value] : {std::pair("--seed", "-5"), std::pair("--threads", "x")}) {
    check_refused(small().adapt(out, {option, value}), out, 2, {option, value});
  }
  check_error(run({"adapt"}), 2, {"--out"});
  check_error(run({"adopt"}), 2, {"adopt"});
  check_error(run({}), 2, {"subcommand"});
}

TEST_CASE("a folder whose name no configuration file can hold is refused", "[bad_input]") {
  const auto out = new_path();
  const auto folder = small() / "gta\377-5";
  fs::copy(small().source(), folder, fs::copy_options::recursive);
  check_refused(small().adapt(out, folder, small().target(), {}), out, 2,
                {"data.source", "UTF-8", folder.string()});
}

TEST_CASE("output that cannot be written is an error of the program", "[bad_input]") {
  const auto errors = small() / "errors";
  const auto with_output_to = [&](const std::string& output) {
    const auto command = fmt::format("{} evaluate --network {} --target {} >{} 2>{}",
                                     cag::test::Program::path_of(cag::test::kProgram),
                                     (finished() / "networks/stage-0").string(),
                                     small().target().string(), output, errors.string());
    return Ended{WEXITSTATUS(std::system(command.c_str())), "", cag::test::read_file(errors)};
  };
  check_error(with_output_to("/dev/full"), 6, {"standard output", "No space left"});
  check_error(with_output_to("&-"), 6, {"standard output", "Bad file descriptor"});
  const auto code_of = [](const std::string& arguments) {
    return WEXITSTATUS(std::system(
        fmt::format("{} {}", cag::test::Program::path_of(cag::test::kProgram), arguments).c_str()));
  };
  CHECK(code_of("--help >/dev/full 2>/dev/null") == 6);
  for (const auto* errors_to : {"2>&-", "2>/dev/full"})
    CHECK(code_of(std::string("adapt ") + errors_to) == 2);
}

TEST_CASE("folders that are no data set are refused with all that is wrong", "[bad_input]") {
  const auto out = new_path();
  const Broken broken;
  Arguments words;
  SECTION("missing source") {
    fs::remove_all(broken.source);
    words = {(broken.source / "images").string(), "No such file"};
  }
  SECTION("missing target") {
    fs::remove_all(broken.target);
    words = {(broken.target / "leftImg8bit/train").string(), "No such file"};
  }
  SECTION("image without label, label without image") {
    fs::remove(broken.label);
    fs::remove(broken.source / "images/00005.png");
    words = {broken.image.string() + ": image without label", "00005.png: label without image",
             "2 problems"};
  }
  SECTION("labels that are all ignored") {
    for (const auto& label : fs::directory_iterator(broken.source / "labels"))
      cag::png::write_labels(label.path(), at::full({48, 64}, 0, at::kByte));
    words = {broken.source.string(), "labels of the categories road", "found none"};
  }
  SECTION("empty split") {
    fs::remove_all(broken.target / "leftImg8bit/train/streets");
    words = {(broken.target / "leftImg8bit/train").string(), "no */*_leftImg8bit.png"};
  }
  SECTION("nothing to train on once some are held out") {
    for (const auto& name : {"images", "labels"})
      for (int i = 2; i <= 8; ++i) fs::remove(broken.source / name / fmt::format("{:05}.png", i));
    words = {broken.source.string(), "run.batch = 2", "found 0"};
  }
  check_refused(broken.adapt(out), out, 3, words);
}

TEST_CASE("a source file that cannot be used is refused by its name", "[bad_input]") {
  const auto out = new_path();
  const Broken broken;
  Arguments words{broken.label.string()};
  SECTION("truncated") { fs::resize_file(broken.label, fs::file_size(broken.label) / 2); }
  SECTION("of another kind") { cag::test::write_file(broken.label, "GIF89a and so on"); }
  SECTION("of another size") {
    cag::png::write_labels(broken.label, at::full({48, 63}, 7, at::kByte));
    words = {broken.label.string(), broken.image.string(), "64 x 48", "63 x 48"};
  }
  SECTION("with an id that the table lacks") {
    cag::png::write_labels(broken.label, at::full({48, 64}, 77, at::kByte));
    words = {broken.label.string(), "77 (3072 px)"};
  }
  SECTION("with colours for ids") {
    cag::png::write_rgb(broken.label, at::full({48, 64, 3}, 7, at::kByte));
    words = {broken.label.string(), "8-bit RGB"};
  }
  check_refused(broken.adapt(out), out, 3, words);
}

TEST_CASE("a run that meets a damaged image stops there and goes on when it is mended",
          "[bad_input]") {
  const auto out = new_path();
  const Broken broken;
  const auto whole = cag::test::read_file(broken.target_image);
  fs::resize_file(broken.target_image, whole.size() / 2);
  check_error(run(broken.adapt(out)), 3, {broken.target_image.string()});
  check_error(run({"adapt", "--resume", out}), 3, {broken.target_image.string()});
  cag::test::write_file(broken.target_image, whole);
  CHECK(run({"adapt", "--resume", out}).code == 0);

  const auto undisturbed = new_path();
  REQUIRE(run(small().adapt(undisturbed)).code == 0);
  CHECK((Outcome::of(out).networks == Outcome::of(undisturbed).networks));
}

TEST_CASE("images of several sizes are refused unless the configuration brings them to one",
          "[bad_input]") {
  const auto out = new_path();
  const Broken broken;
  const auto other = at::full({40, 64, 3}, 90, at::kByte);
  SECTION("in the source") {
    cag::png::write_rgb(broken.image, other);
    cag::png::write_labels(broken.label, at::full({40, 64}, 7, at::kByte));
    check_refused(broken.adapt(out), out, 3,
                  {broken.source.string(), "augmentation.source_width", "00001 of 64 x 48",
                   "00003 of 64 x 40"});
    CHECK(run(broken.adapt(out, {"--set", "augmentation.source_width=64", "--set",
                                 "augmentation.source_height=48"}))
              .code == 0);
  }
  SECTION("in the target") {
    cag::png::write_rgb(broken.target_image, other);
    check_refused(broken.adapt(out), out, 3,
                  {broken.target.string(), "augmentation.target_width", "000002 of 64 x 40"});
    CHECK(run(broken.adapt(out, {"--set", "run.evaluation_batch=1"})).code == 0);
  }
}

TEST_CASE("a network that does not fit the configuration is refused", "[bad_input]") {
  const auto out = new_path();
  const auto network = finished() / "networks" / "stage-0";
  const Arguments from{"--from", network};
  const auto with = [&](const std::string& set) {
    return small().adapt(out, {"--from", network, "--set", set});
  };
  check_refused(with("data.categories=[\"road\", \"sky\"]"), out, 4,
                {network.string(), "expected the categories road, sky", "road, sidewalk"});
  check_refused(with("data.mean=[0.5, 0.5, 0.5]"), out, 4, {network.string(), "0.5", "0.45"});
  check_refused(with("network.name=\"deeplab_v3_plus\""), out, 4,
                {network.string(), "deeplab_v3_plus of depth 101", "found compact"});
  check_refused(small().adapt(out, {"--from", small() / "none"}), out, 4,
                {"none", "RUN/networks/stage-1", "nothing"});
  const auto damaged = copy_of(network);
  const auto file = damaged / "network.safetensors";
  auto bytes = cag::test::read_file(file);
  bytes.back() ^= 1;
  cag::test::write_file(file, bytes);
  check_refused(small().adapt(out, {"--from", damaged}), out, 4, {file.string(), "checksum"});
  check_error(run({"evaluate", "--network", damaged, "--target", small().target()}), 4,
              {file.string(), "checksum"});
  check_error(
      run({"evaluate", "--network", network, "--target", small().target(), "--width", "64"}), 2,
      {"--width", "64", "0"});
}

TEST_CASE("a run directory that cannot be written is refused", "[bad_input]") {
  const auto file = small() / "file";
  cag::test::write_file(file, "of bytes");
  check_error(run(small().adapt(file / "run")), 6, {(file / "run").string(), "Not a directory"});
  CHECK(cag::test::read_file(file) == "of bytes");
}

TEST_CASE("a full disk ends the run with the last checkpoint intact", "[bad_input]") {
  const auto directory = new_path();
  // The optimiser's part appears with the first step; what comes before fits.
  const auto student = fs::file_size(finished() / "networks/stage-0/network.safetensors");
  const auto full = run(small().adapt(directory), student / 2);
  check_error(full, 6, {directory.string(), "checkpoints", "File too large"});
  CHECK_FALSE(fs::exists(directory / "config.toml"));
  CHECK(fs::is_empty(directory / "checkpoints"));
  // Nothing is in the way of another try.
  REQUIRE(run(small().adapt(directory, {"--set", "stages.count=0"})).code == 0);
}

TEST_CASE("a full disk in the middle of a run leaves what resumes", "[bad_input]") {
  const auto directory = new_path();
  REQUIRE(run(small().adapt(directory, {"--set", "stages.count=0"})).code == 0);
  const auto config = directory / "config.toml";
  auto text = cag::test::read_file(config);
  const auto at = text.find("count = 0");
  REQUIRE(at != std::string::npos);
  text.replace(at, 9, "count = 2");
  cag::test::write_file(config, text);
  const auto student = fs::file_size(directory / "networks/stage-0/network.safetensors");
  check_error(run({"adapt", "--resume", directory}, student / 2), 6,
              {directory.string(), "File too large"});
  const auto resumed = run({"adapt", "--resume", directory});
  CHECK(resumed.code == 0);
  CHECK_THAT(resumed.output, !Contains("passed over"));
}

TEST_CASE("a directory that is a run already, or none, is left alone", "[bad_input]") {
  const auto before = Outcome::of(finished());
  check_error(run(small().adapt(finished())), 2, {finished().string(), "--resume"});
  CHECK((Outcome::of(finished()).networks == before.networks));
  const auto none = new_path();
  check_refused({"adapt", "--resume", none}, none, 2, {none.string(), "config.toml"});
  fs::create_directory(none);
  check_error(run({"adapt", "--resume", none}), 2, {none.string(), "config.toml"});
  CHECK(fs::is_empty(none));
  check_error(run({"adapt", "--resume", finished(), "--seed", "3"}), 2, {"own configuration"});

  const auto orphaned = copy_of(finished());
  fs::remove(orphaned / "config.toml");
  check_error(run(small().adapt(orphaned)), 2, {orphaned.string(), "without config.toml"});
}

TEST_CASE("a run that another one made while the data was opened is left alone", "[bad_input]") {
  const auto out = new_path();
  const pipeline::Program program{
      .name = "test",
      .layout = std::make_shared<pipeline::CityscapesTarget>(
          cag::label_table::gta5(), [&](const fs::path& root, const cag::LabelTable& table) {
            fs::copy(finished(), out, fs::copy_options::recursive);
            return pipeline::Labelled(cag::data::Gta5(root, table));
          })};
  auto config = pipeline::read_config(small().config());
  config.data.source = small().source();
  config.data.target = small().target();
  CHECK_THROWS_WITH(pipeline::adapt(program, config, {.out = out}),
                    Contains("holds a run already"));
  CHECK(cag::test::read_file(out / "config.toml") ==
        cag::test::read_file(finished() / "config.toml"));
  CHECK((Outcome::of(out).networks == Outcome::of(finished()).networks));
  const auto resumed = run({"adapt", "--resume", out});
  CHECK(resumed.code == 0);
  CHECK_THAT(resumed.output, Contains("ended already"));
}

TEST_CASE("a run that has ended and lacks what it made is refused", "[bad_input]") {
  const auto missing = GENERATE("results.csv", "networks", "networks/stage-0");
  const auto directory = copy_of(finished());
  fs::remove_all(directory / missing);
  check_error(run({"adapt", "--resume", directory}), 4,
              {directory.string(), (directory / missing).string(), "ended", "found none"});
}

TEST_CASE("a checkpoint of other bytes is passed over", "[bad_input]") {
  const auto directory = copy_of(finished());
  std::vector<fs::path> checkpoints;
  for (const auto& entry : fs::directory_iterator(directory / "checkpoints"))
    checkpoints.push_back(entry.path());
  std::sort(checkpoints.begin(), checkpoints.end());
  REQUIRE(checkpoints.size() == 2);
  // As long as the right one, and a sound file by itself.
  fs::copy_file(checkpoints[0] / "student.safetensors", checkpoints[1] / "student.safetensors",
                fs::copy_options::overwrite_existing);
  const auto resumed = run({"adapt", "--resume", directory});
  CHECK(resumed.code == 0);
  CHECK_THAT(resumed.output,
             Contains("passed over " + checkpoints[1].string()) && Contains("checksum"));
  CHECK((Outcome::of(directory).networks == Outcome::of(finished()).networks));
}

TEST_CASE("a run without an intact checkpoint is refused", "[bad_input]") {
  const auto directory = copy_of(finished());
  SECTION("all damaged") {
    for (const auto& entry : fs::directory_iterator(directory / "checkpoints"))
      fs::resize_file(entry.path() / "student.safetensors", 100);
    check_error(run({"adapt", "--resume", directory}), 4,
                {directory.string(), "expected an intact checkpoint", "none of 2"});
  }
  SECTION("none") {
    fs::remove_all(directory / "checkpoints");
    check_error(run({"adapt", "--resume", directory}), 4, {directory.string(), "none of 0"});
  }
}

TEST_CASE("a checkpoint of another network is refused by name", "[bad_input]") {
  const auto directory = copy_of(finished());
  const auto config = directory / "config.toml";
  auto text = cag::test::read_file(config);
  const std::string car = ", 'car'";
  const auto at = text.find(car);
  REQUIRE(at != std::string::npos);
  cag::test::write_file(config, text.erase(at, car.size()));
  fs::remove(directory / "results.csv");
  check_error(run({"adapt", "--resume", directory}), 4, {"data.categories", config.string()});
}

TEST_CASE("a run goes on under the configuration it began with", "[bad_input]") {
  const auto directory = copy_of(finished());
  const auto config = directory / "config.toml";
  const auto text = cag::test::read_file(config);
  const auto edited = [&](const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    auto other = text;
    cag::test::write_file(config, other.replace(at, from.size(), to));
    return run({"adapt", "--resume", directory});
  };
  check_error(edited("margin = 0.01", "margin = 2.5"), 4,
              {"stages.margin", "began with, 0.01, found another in " + config.string() + ", 2.5"});
  check_error(edited("holdout_every = 4", "holdout_every = 3"), 4, {"data.holdout_every"});
  check_error(edited("method = 'self_training'", "method = 'control'"), 4, {"stages.method"});
  CHECK(edited("save_every = 1", "save_every = 7").code == 0);
  fs::remove(config);
  fs::create_directory(config);
  check_error(run({"adapt", "--resume", directory}), 2, {config.string(), "expected a file"});
}

TEST_CASE("a directory with files of another kind is not taken for a new run", "[bad_input]") {
  const auto out = new_path();
  cag::test::write_file(out / "networks/stage-0/mine.txt", "mine");
  check_error(run(small().adapt(out)), 2, {out.string(), "networks", "new directory"});
  CHECK(cag::test::read_file(out / "networks/stage-0/mine.txt") == "mine");
  CHECK(std::distance(fs::directory_iterator(out), fs::directory_iterator()) == 1);
}

TEST_CASE("other images than those a run began with are refused", "[bad_input]") {
  const Broken broken;
  const auto directory = new_path();
  REQUIRE(run(broken.adapt(directory, {"--set", "stages.count=0"})).code == 0);
  fs::remove(broken.target_image);
  check_error(run({"adapt", "--resume", directory}), 4,
              {directory.string(), "other lists of images"});
}

TEST_CASE("values that are not finite end the run and are never saved", "[bad_input]") {
  const auto every = GENERATE("1", "100");
  const auto directory = new_path();
  const auto ended = run(small().adapt(
      directory, {"--set", "warm_up.learning_rate=1e30", "--set", "warm_up.iterations=40", "--set",
                  std::string("run.save_every=") + every}));
  check_error(ended, 5, {"stage 0 (warm-up), after step ", "loss terms", "source="});
  CHECK_FALSE(fs::exists(directory / "networks"));
  check_error(run({"adapt", "--resume", directory}), 5, {"loss terms"});
}

TEST_CASE("an evaluation that meets values that are not finite says where", "[bad_input]") {
  const auto directory = new_path();
  check_error(run(small().adapt(directory, {"--set", "warm_up.learning_rate=1e25", "--set",
                                            "warm_up.iterations=1"})),
              5, {"stage 0 (warm-up), after step 1"});
}
