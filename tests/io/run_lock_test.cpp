#include <cag/io/run_lock.hpp>

#include <csignal>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <catch.hpp>
#include <io/temporary_directory.hpp>

using cag::RunLock;

TEST_CASE("A run directory has one RunLock at a time") {
  const cag_test::TemporaryDirectory parent;
  const auto run = parent.path() / "runs" / "1";
  {
    const RunLock lock(run);
    CHECK_THROWS_AS(RunLock(run), cag::UsageError);
    CHECK_THROWS_WITH(RunLock(run),
                      Catch::Contains("in use by process " + std::to_string(::getpid())));
    const RunLock other(parent.path() / "runs" / "2");
  }
  CHECK_NOTHROW(RunLock(run));
}

TEST_CASE("A RunLock moves with its owner") {
  const cag_test::TemporaryDirectory run;
  RunLock first(run.path());
  const RunLock second(std::move(first));
  CHECK_THROWS_AS(RunLock(run.path()), cag::UsageError);
}

TEST_CASE("The lock of a killed process is free again") {
  const cag_test::TemporaryDirectory run;
  int channel[2];
  REQUIRE(::pipe(channel) == 0);
  const auto child = ::fork();
  if (child == 0) {
    const RunLock lock(run.path());
    if (::write(channel[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char ready = 0;
  REQUIRE(::read(channel[0], &ready, 1) == 1);
  CHECK_THROWS_WITH(RunLock(run.path()), Catch::Contains("process " + std::to_string(child)));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_NOTHROW(RunLock(run.path()));
  ::close(channel[0]);
  ::close(channel[1]);
}

TEST_CASE("RunLock refuses a lock file that is a link, and a run that is a file") {
  const cag_test::TemporaryDirectory parent;
  const auto file = parent.write("file", "precious");
  std::filesystem::create_directory(parent.path() / "run");
  std::filesystem::create_symlink(file, parent.path() / "run" / "run.lock");
  CHECK_THROWS_AS(RunLock(parent.path() / "run"), cag::IoError);
  CHECK_THROWS_AS(RunLock(file), cag::IoError);
  CHECK(cag_test::read_bytes(file) == "precious");
}
