#include <cag/io/checkpoints.hpp>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>

#include <sys/wait.h>
#include <unistd.h>

#include <catch.hpp>
#include <io/fault_file_system.hpp>
#include <io/temporary_directory.hpp>

using cag::CheckpointStore;
using cag::DirectoryContents;
using cag_test::FaultFileSystem;
using cag_test::FaultKind;
namespace fs = std::filesystem;

namespace {

DirectoryContents contents_of(std::int64_t step) {
  const auto value = static_cast<double>(step);
  return {{{"model", {{"weight", at::full({2, 3}, value, at::kFloat)}}},
           {"optimizer", {{"lr", at::full({}, value / 7, at::kDouble)}}}},
          {{"step", step}, {"stage", "warm_up"}}};
}

bool same(const DirectoryContents& a, const DirectoryContents& b) {
  if (a.values != b.values || a.parts.size() != b.parts.size()) return false;
  for (const auto& [part, tensors] : a.parts) {
    if (!b.parts.contains(part) || b.parts.at(part).size() != tensors.size()) return false;
    for (const auto& [name, tensor] : tensors) {
      if (!at::equal(tensor, b.parts.at(part).at(name))) return false;
    }
  }
  return true;
}

/// The step of the newest checkpoint, after checking that it holds what was saved as that step.
std::int64_t latest_step(const fs::path& run) {
  const auto latest = CheckpointStore<>(run).latest();
  REQUIRE(latest.checkpoint);
  CHECK(latest.checkpoint->contents.values.at("step").as_int64() == latest.checkpoint->step);
  CHECK(same(latest.checkpoint->contents, contents_of(latest.checkpoint->step)));
  return latest.checkpoint->step;
}

std::vector<std::string> names_in(const fs::path& folder) { return cag::PosixFs().list(folder); }

bool only_steps_in(const fs::path& run) {
  for (const auto& name : names_in(run / "checkpoints")) {
    if (!name.starts_with("step-")) return false;
  }
  return true;
}

void flip(const fs::path& path, std::size_t bit) {
  auto bytes = cag_test::read_bytes(path);
  bytes.at(bit / 8) = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_CASE("CheckpointStore goes on from the newest checkpoint") {
  const cag_test::TemporaryDirectory run;
  CheckpointStore store(run.path() / "new run");
  CHECK_FALSE(store.latest().checkpoint);
  CHECK(store.latest().skipped.empty());
  for (const std::int64_t step : {0, 1, 12}) {
    store.save(step, contents_of(step));
    CHECK(latest_step(run.path() / "new run") == step);
  }
}

TEST_CASE("CheckpointStore keeps the newest checkpoints and removes nothing it did not make") {
  const cag_test::TemporaryDirectory run;
  const auto folder = run.path() / "checkpoints";
  fs::create_directories(folder / "step-000000000-mine");
  fs::create_directories(folder / "step-000000007");
  fs::create_directories(folder / "step-80");
  fs::create_directories(folder / ".tmp-cag-step-000000001-mine");
  fs::create_directories(run.path() / "elsewhere");
  fs::create_symlink(run.path() / "elsewhere", folder / "step-000000002");
  CheckpointStore store(run.path());
  store.remove_leftovers();
  for (const std::int64_t step : {10, 20, 30, 40}) store.save(step, contents_of(step));
  CHECK(names_in(folder) == std::vector<std::string>{".tmp-cag-step-000000001-mine",
                                                     "step-000000000-mine", "step-000000002",
                                                     "step-000000007", "step-000000030",
                                                     "step-000000040", "step-80"});
  CHECK(fs::exists(run.path() / "elsewhere"));
  CHECK(store.latest().skipped.empty());
}

TEST_CASE("CheckpointStore falls back from a damaged checkpoint and says which and why") {
  const cag_test::TemporaryDirectory run;
  CheckpointStore store(run.path(), 3);
  for (const std::int64_t step : {10, 20, 30}) store.save(step, contents_of(step));
  flip(store.path(30) / "model.safetensors", 8 * 90);
  fs::remove(store.path(20) / "manifest.json");
  const auto latest = store.latest();
  REQUIRE(latest.checkpoint);
  CHECK(latest.checkpoint->step == 10);
  REQUIRE(latest.skipped.size() == 2);
  CHECK(latest.skipped[0].path == store.path(30));
  CHECK_THAT(latest.skipped[0].reason, Catch::Contains("model.safetensors"));
  CHECK_THAT(latest.skipped[1].reason, Catch::Contains("manifest.json"));

  SECTION("does not count damaged ones when it removes old ones") {
    CheckpointStore frugal(run.path(), 1);
    frugal.save(15, contents_of(15));
    CHECK_FALSE(fs::exists(store.path(10)));
    CHECK(latest_step(run.path()) == 15);
    CHECK(fs::exists(store.path(30)));
  }
  SECTION("takes the place of a damaged one when the run gets there again") {
    store.save(30, contents_of(30));
    CHECK(latest_step(run.path()) == 30);
    CHECK_THROWS_AS(store.save(30, contents_of(30)), cag::UsageError);
    CHECK(only_steps_in(run.path()));
  }
}

TEST_CASE("CheckpointStore refuses a checkpoint directory that is a link") {
  const cag_test::TemporaryDirectory run;
  const cag_test::TemporaryDirectory other;
  CheckpointStore(other.path()).save(5, contents_of(5));
  CheckpointStore store(run.path());
  store.save(1, contents_of(1));
  fs::create_symlink(other.path() / "checkpoints" / "step-000000005", store.path(5));
  const auto latest = store.latest();
  CHECK(latest.checkpoint->step == 1);
  REQUIRE(latest.skipped.size() == 1);
  CHECK_THAT(latest.skipped[0].reason, Catch::Contains("symbolic link"));
}

TEST_CASE("CheckpointStore refuses steps and numbers to keep that make no sense") {
  const cag_test::TemporaryDirectory run;
  CHECK_THROWS_AS(CheckpointStore(run.path(), 0), cag::UsageError);
  CHECK_THROWS_AS(CheckpointStore(run.path()).save(-1, {}), cag::UsageError);
}

TEST_CASE("A checkpoint is written, synced, renamed into place and synced there, in this order") {
  const cag_test::TemporaryDirectory run;
  CheckpointStore(run.path(), 1).save(1, contents_of(1));
  const auto script = std::make_shared<FaultFileSystem::Script>();
  CheckpointStore store(run.path(), 1, FaultFileSystem(script));
  store.save(2, contents_of(2));
  auto log = script->log;
  REQUIRE(log.size() == 8);
  const auto aside = log[0].substr(std::string("create ").size());
  CHECK_THAT(aside, Catch::StartsWith(".tmp-cag-step-000000002-"));
  CHECK(log == std::vector<std::string>{"create " + aside, "write model.safetensors",
                                        "write optimizer.safetensors", "write manifest.json",
                                        "sync " + aside, "rename to step-000000002",
                                        "sync checkpoints", "remove step-000000001"});
}

TEST_CASE(
    "Whatever operation fails or dies, the last checkpoint is the old or the new one, whole") {
  const auto kind = GENERATE(
      values({FaultKind::kError, FaultKind::kDiskFull, FaultKind::kCrash, FaultKind::kCrashAfter}));
  const bool over_a_damaged_one = GENERATE(false, true);
  INFO("kind " << static_cast<int>(kind) << ", over a damaged one: " << over_a_damaged_one);
  int k = 0;
  for (bool injected = true; injected;) {
    INFO("operation " << ++k);
    REQUIRE(k < 100);
    const cag_test::TemporaryDirectory run;
    CheckpointStore(run.path(), 1).save(1, contents_of(1));
    if (over_a_damaged_one) {
      CheckpointStore(run.path(), 2).save(2, contents_of(2));
      flip(run.path() / "checkpoints/step-000000002/manifest.json", 3);
    }
    const auto script = std::make_shared<FaultFileSystem::Script>();
    script->kind = kind;
    script->fail_at = k;
    CheckpointStore faulty(run.path(), 1, FaultFileSystem(script));
    bool reported = false;
    try {
      faulty.save(2, contents_of(2));
    } catch (const cag::IoError&) {
      reported = true;
    } catch (const cag_test::Crash&) {
      reported = true;
    }
    injected = script->failed;
    CHECK(reported == injected);
    const auto step = latest_step(run.path());
    CHECK((step == 2 || (injected && step == 1)));
    if (injected && !script->dead && !over_a_damaged_one) CHECK(only_steps_in(run.path()));

    CheckpointStore next(run.path(), 1);
    next.remove_leftovers();
    CHECK(only_steps_in(run.path()));
    CHECK(latest_step(run.path()) == step);
    if (step == 1) {
      next.save(2, contents_of(2));
      CHECK(latest_step(run.path()) == 2);
    }
  }
  CHECK(k > 8);
}

TEST_CASE(
    "A run killed at any moment leaves a whole checkpoint no older than the last it reported") {
  const cag_test::TemporaryDirectory run;
  CheckpointStore(run.path()).save(0, contents_of(0));
  std::int64_t reported = 0;
  for (int round = 0; round < 20; ++round) {
    int channel[2];
    REQUIRE(::pipe(channel) == 0);
    const auto child = ::fork();
    if (child == 0) {
      try {
        CheckpointStore store(run.path());
        store.remove_leftovers();
        for (auto step = reported + 1;; ++step) {
          store.save(step, contents_of(step));
          if (::write(channel[1], &step, sizeof step) != sizeof step) ::_exit(1);
        }
      } catch (...) {
        ::_exit(1);
      }
    }
    ::close(channel[1]);
    std::int64_t step = 0;
    REQUIRE(::read(channel[0], &step, sizeof step) == sizeof step);
    ::usleep(static_cast<useconds_t>(round * 613 % 4000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    do reported = step;
    while (::read(channel[0], &step, sizeof step) == sizeof step);
    ::close(channel[0]);
    const auto latest = latest_step(run.path());
    CHECK(latest >= reported);
    reported = latest;
  }
}
