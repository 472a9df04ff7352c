#include <filesystem>

#include "catch.hpp"
#include "check_error.hpp"
#include "small_run.hpp"

using cag::test::Arguments;
using cag::test::check_error;
using cag::test::Outcome;
using cag::test::run;
using cag::test::small;
using cag::test::TemporaryFolder;
using Catch::Contains;

namespace {

Arguments settings(const std::vector<std::string>& values) {
  Arguments arguments;
  for (const auto& value : values) {
    arguments.emplace_back("--set");
    arguments.push_back(value);
  }
  return arguments;
}

}  // namespace

TEST_CASE("An adversarial warm-up of DeepLabV2 on two levels, with its stages", "[adapt]") {
  const TemporaryFolder folder;
  const auto ended = run(small().adapt(
      folder / "run",
      settings({"warm_up.method=adversarial", "warm_up.adversarial_loss=least_squares",
                "warm_up.iterations=2", "stages.count=1", "stages.iterations=1",
                "stages.profile=paper", "network.name=deeplab_v2", "network.depth=18",
                "network.levels=2", "network.norm=group"})));
  INFO(ended.output << ended.errors);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output, Contains("deeplab_v2 of depth 18 and output stride 16, norm group, 2 "
                                    "levels") &&
                               Contains("adversarial_auxiliary") && Contains("discriminator"));
  const auto evaluated =
      run({"evaluate", "--network", folder / "run/networks/stage-1", "--target", small().target()});
  INFO(evaluated.errors);
  CHECK(evaluated.code == 0);
}

TEST_CASE("A run that is stopped in an adversarial warm-up goes on as if it had not been",
          "[adapt]") {
  const TemporaryFolder folder;
  const auto adversarial = settings({"warm_up.method=adversarial", "warm_up.iterations=3",
                                     "stages.count=0", "warm_up.adversarial_weight=0.1"});
  REQUIRE(run(small().adapt(folder / "whole", adversarial)).code == 0);
  // The last checkpoint inside the warm-up takes the place of what came later.
  REQUIRE(run(small().adapt(folder / "cut", adversarial)).code == 0);
  std::filesystem::path last;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "cut/checkpoints"))
    last = std::max(last, entry.path());
  std::filesystem::remove_all(last);
  std::filesystem::remove_all(folder / "cut/networks");
  const auto resumed = run({"adapt", "--resume", folder / "cut"});
  INFO(resumed.output << resumed.errors);
  REQUIRE(resumed.code == 0);
  CHECK_THAT(resumed.output, Contains("resuming at stage 0"));
  CHECK(Outcome::of(folder / "cut").networks == Outcome::of(folder / "whole").networks);
}

TEST_CASE("What does not go together in a warm-up or a network is refused by key", "[bad_input]") {
  const TemporaryFolder folder;
  const auto refuses = [&](const std::vector<std::string>& values,
                           const std::vector<std::string>& words) {
    check_error(run(small().adapt(folder / "run", settings(values))), 2, words);
  };
  refuses({"warm_up.method=fast"}, {"warm_up.method", "source, adversarial", "fast"});
  refuses({"warm_up.adversarial_loss=hinge"}, {"warm_up.adversarial_loss", "hinge"});
  refuses({"warm_up.adversarial_weight=-1"}, {"warm_up.adversarial_weight", "-1"});
  refuses({"warm_up.method=adversarial", "stages.method=oracle"}, {"warm_up.method", "oracle"});
  refuses({"network.levels=2"}, {"network.levels", "2 for deeplab_v2", "got 2"});
  refuses({"network.norm=group"}, {"network.norm", "batch for compact", "group"});
  refuses({"network.norm=layer"}, {"network.norm", "frozen_batch", "layer"});
  CHECK(std::filesystem::is_empty(folder.path()));
}
